interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** A clock that stands still until it is advanced: timers run then and only then. */
export class ManualClock {
  #now: number
  #timers: Timer[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  readonly now = (): number => this.#now

  after(delay: number, _holdsProcess: boolean, callback: () => void): () => void {
    const timer = { due: this.#now + delay, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** How long it is until the next timer is due; undefined where none is set. */
  get untilNext(): number | undefined {
    return this.#timers.length > 0 ? Math.min(...this.#timers.map(({ due }) => due)) - this.#now : undefined
  }

  /** Runs every timer that falls due within so many milliseconds, in order. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
    const due = this.#timers.filter((timer) => timer.due <= this.#now).sort((a, b) => a.due - b.due)
    this.#timers = this.#timers.filter((timer) => timer.due > this.#now)
    for (const { callback } of due) callback()
  }
}
