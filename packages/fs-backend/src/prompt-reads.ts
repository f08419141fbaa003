import { readAtSync } from './positional-read.js'

// From the page cache a read takes a few microseconds; a disk that has to move its heads takes thousands.
const SLOW_MS = 0.25
// To look at the clock takes a good part of a short read's time.
const TIMED_ONE_IN = 4
const LEAST_ASIDE = 64
const MOST_ASIDE = 4096

/**
 * Reads at once, on the event loop, for as long as that is quick: the bytes are in the system's page cache as a rule, and a round through the thread pool takes five times as long as copying them. One that was slow had to wait for the disk: then the next ones
 * are left to the thread pool, and one now and then finds out whether that has changed. So few of them ever hold up the event loop, however slow the disk is.
 */
export class PromptReads {
  readonly #now: () => number
  #untimed = 0
  #aside = 0
  #nextAside = LEAST_ASIDE

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Fills `target`, or gives undefined where that is expected to wait. */
  read(fd: number, target: Uint8Array, position: number, readNow: typeof readAtSync = readAtSync): number | undefined {
    if (this.#aside > 0) {
      this.#aside--
      return undefined
    }
    if (this.#untimed > 0) {
      this.#untimed--
      return readNow(fd, target, position)
    }
    const start = this.#now()
    const count = readNow(fd, target, position)
    if (this.#now() - start > SLOW_MS) {
      this.#aside = this.#nextAside
      this.#nextAside = Math.min(2 * this.#nextAside, MOST_ASIDE)
    } else {
      this.#untimed = TIMED_ONE_IN - 1
      this.#nextAside = LEAST_ASIDE
    }
    return count
  }
}
