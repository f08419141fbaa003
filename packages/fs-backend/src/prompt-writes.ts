import { writevSync } from 'node:fs'

// More takes longer to copy than another thread takes to be woken for it.
const LARGEST = 128 * 1024
// The page cache takes so much in a twentieth of that, unless the disk or the journal holds it up.
const SLOW_MS = 1
const LEAST_ASIDE = 64
const MOST_ASIDE = 4096

/**
 * Writes small amounts at once, on the event loop, for as long as that is quick. One that was slow had to wait for the disk, as it may where the system has more to write down than the disk takes: then the next ones are left to the
 * thread pool, and one now and then finds out whether that has changed. So few of them ever hold up the event loop.
 */
export class PromptWrites {
  readonly #now: () => number
  #aside = 0
  #nextAside = LEAST_ASIDE

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
    if (length > LARGEST) return undefined
    if (this.#aside > 0) {
      this.#aside--
      return undefined
    }
    const start = this.#now()
    try {
      return writeNow(fd, chunks as Uint8Array[], position)
    } finally {
      if (this.#now() - start > SLOW_MS) {
        this.#aside = this.#nextAside
        this.#nextAside = Math.min(2 * this.#nextAside, MOST_ASIDE)
      } else this.#nextAside = LEAST_ASIDE
    }
  }
}
