import type { Clock } from '../../src/clock.js'

interface Timer {
  readonly due: number
  readonly delay: number
  readonly holdsProcess: boolean
  readonly callback: () => void
}

/** A clock that stands still until a test moves it. Its timers and its time of day are apart: the time of day may jump. */
export class ManualClock implements Clock {
  #elapsed = 0
  #wall = Date.UTC(2024, 0, 1)
  #timers: Timer[] = []

  /** The timers that are set, the next one first. */
  get timers(): readonly Pick<Timer, 'delay' | 'holdsProcess'>[] {
    return this.#timers
  }

  now = (): number => this.#wall

  after(delay: number, holdsProcess: boolean, callback: () => void): () => void {
    const timer = { due: this.#elapsed + delay, delay, holdsProcess, callback }
    this.#timers = [...this.#timers, timer].sort((a, b) => a.due - b.due)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Lets so many milliseconds pass and calls what falls due, in order. */
  advance(milliseconds: number): void {
    const end = this.#elapsed + milliseconds
    for (let next = this.#timers[0]; next && next.due <= end; next = this.#timers[0]) {
      this.#timers.shift()
      this.#wall += next.due - this.#elapsed
      this.#elapsed = next.due
      next.callback()
    }
    this.#wall += end - this.#elapsed
    this.#elapsed = end
  }

  /** Sets the time of day, which no timer goes by. */
  jumpTo(time: number): void {
    this.#wall = time
  }
}
