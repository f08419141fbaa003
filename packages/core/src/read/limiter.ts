import { Fifo } from '../fifo.js'

/** Lets so many do something at once; the others wait in line. */
export class Limiter {
  #free: number
  readonly #waiting = new Fifo<() => void>()

  constructor(most: number) {
    this.#free = most
  }

  /** Takes a place if there is one now. */
  tryEnter(): boolean {
    if (this.#free === 0) return false
    this.#free--
    return true
  }

  /** Resolves with a place taken. */
  enter(): Promise<void> {
    if (this.tryEnter()) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
