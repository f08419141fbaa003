import { Backoff } from './backoff.js'
import { readAtSync } from './positional-read.js'

// The page cache takes a few microseconds for as much as is asked of it here, a fast disk some hundreds, one that has to move its heads thousands.
const SLOW_MS = 0.25
// To look at the clock takes a good part of a short read's time.
const TIMED_ONE_IN = 4

/**
 * Reads at once, on the event loop, for as long as that is quick: the bytes are in the system's page cache as a rule, and a round through the thread pool takes five times as long as copying them. After one that was slow, as it
 * had to wait for the disk, the next ones are left to the thread pool.
 */
export class PromptReads {
  readonly #now: () => number
  readonly #backoff = new Backoff()
  #untimed = 0

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Fills `target`, or gives undefined where that is expected to wait. */
  read(fd: number, target: Uint8Array, position: number, readNow: typeof readAtSync = readAtSync): number | undefined {
    if (this.#backoff.takes()) return undefined
    if (this.#untimed > 0) {
      this.#untimed--
      return readNow(fd, target, position)
    }
    const start = this.#now()
    const count = readNow(fd, target, position)
    if (this.#now() - start > SLOW_MS) this.#backoff.noteSlow()
    else {
      this.#untimed = TIMED_ONE_IN - 1
      this.#backoff.noteQuick()
    }
    return count
  }
}
