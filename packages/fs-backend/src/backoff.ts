const LEAST = 64
const MOST = 4096

/**
 * How many calls to leave to the thread pool after one that held up the event loop: 64, and twice as many each time that the one that is tried next is slow too, up to 4096. So few of them ever wait on the event loop, however slow
 * the disk is, and it is found out when that has changed.
 */
export class Backoff {
  #left = 0
  #next = LEAST

  /** Whether the call at hand is one of them. */
  takes(): boolean {
    if (this.#left === 0) return false
    this.#left--
    return true
  }

  noteSlow(): void {
    this.#left = this.#next
    this.#next = Math.min(2 * this.#next, MOST)
  }

  noteQuick(): void {
    this.#next = LEAST
  }
}
