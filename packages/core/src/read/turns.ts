import { platform } from '#platform'
import { Fifo } from '../fifo.js'

/** What is done at once before others get a turn: about as many microseconds. */
const PER_TURN = 256

/** Keeps what is answered at once from having the event loop for itself: a loop that awaits nothing but such answers would never let it turn. */
export class Turns {
  #left = PER_TURN
  readonly #waiting = new Fifo<{ readonly cost: number; readonly go: () => void }>()
  #coming = false

  /** Whether something of that cost may be done now; then it is accounted for. */
  tryTake(cost: number): boolean {
    if (this.#left <= 0 || this.#coming) return false
    this.#left -= cost
    return true
  }

  /** Resolves when it may be done. */
  take(cost: number): Promise<void> {
    if (this.tryTake(cost)) return Promise.resolve()
    return new Promise((go) => {
      this.#waiting.push({ cost, go })
      this.#ask()
    })
  }

  #ask(): void {
    if (this.#coming) return
    this.#coming = true
    platform.nextTurn(() => {
      this.#coming = false
      this.#left = PER_TURN
      while (this.#left > 0) {
        const next = this.#waiting.shift()
        if (!next) return
        this.#left -= next.cost
        next.go()
      }
      this.#ask()
    })
  }
}
