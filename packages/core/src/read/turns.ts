import { platform } from '#platform'
import { Fifo } from '../fifo.js'

/** What is done at once before others get a turn: about as many nanoseconds. With half or twice as much reads alone are hardly faster or slower; beside them a writer gets half as much to do with twice as much. */
const PER_TURN = 64_000

/** Keeps what is answered at once from having the event loop for itself: a loop that awaits nothing but such answers would never let it turn. */
export class Turns {
  #left = PER_TURN
  readonly #waiting = new Fifo<() => void>()
  #coming = false

  /** Whether something may be done now. */
  get isOpen(): boolean {
    return this.#left > 0 && !this.#coming
  }

  /** Something was done that takes about so many nanoseconds. */
  spend(ns: number): void {
    this.#left -= ns
  }

  /** Does it in a turn to come, after whatever waited before. */
  wait(action: () => void): void {
    this.#waiting.push(action)
    this.#ask()
  }

  #ask(): void {
    if (this.#coming) return
    this.#coming = true
    platform.nextTurn(() => {
      this.#left = PER_TURN
      for (let next = this.#waiting.shift(); next; next = this.#left > 0 ? this.#waiting.shift() : undefined) next()
      this.#coming = false
      if (this.#waiting.length > 0) this.#ask()
    })
  }
}
