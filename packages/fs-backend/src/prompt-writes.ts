import { writevSync } from 'node:fs'
import { Backoff } from './backoff.js'

// More takes longer to copy than another thread takes to be woken for it.
const LARGEST = 128 * 1024
// The page cache takes so much in a twentieth of that, unless the disk or the journal holds it up.
const SLOW_MS = 1

/**
 * Writes small amounts at once, on the event loop, for as long as that is quick. After one that was slow, as it may be where the system has more to write down than the disk takes, the next ones are left to the thread pool.
 */
export class PromptWrites {
  readonly #now: () => number
  readonly #backoff = new Backoff()

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** How many bytes were written, or undefined where that is expected to wait, and nothing was done. `length` is that of all chunks together. */
  write(
    fd: number,
    chunks: readonly Uint8Array[],
    length: number,
    position: number,
    writeNow: typeof writevSync = writevSync,
  ): number | undefined {
    if (length > LARGEST || this.#backoff.takes()) return undefined
    const start = this.#now()
    try {
      return writeNow(fd, chunks as Uint8Array[], position)
    } finally {
      if (this.#now() - start > SLOW_MS) this.#backoff.noteSlow()
      else this.#backoff.noteQuick()
    }
  }
}
