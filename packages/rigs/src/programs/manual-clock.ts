interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** A clock that stands still until it is advanced: timers run then and only then. */
export class ManualClock {
  #now: number
  #jumped = 0
  #timers: Timer[] = []

  constructor(now = 1_700_000_000_000) {
    this.#now = now
  }

  readonly now = (): number => this.#now + this.#jumped

  after(delay: number, _holdsProcess: boolean, callback: () => void): () => void {
    const timer = { due: this.#now + delay, callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Milliseconds that have passed, whatever the time of day did. */
  get elapsed(): number {
    return this.#now
  }

  /** Moves the time of day, by which no timer goes. */
  jump(milliseconds: number): void {
    this.#jumped += milliseconds
  }

  /** How long it is until the next timer is due; undefined where none is set. */
  get untilNext(): number | undefined {
    return this.#timers.length > 0 ? Math.min(...this.#timers.map(({ due }) => due)) - this.#now : undefined
  }

  /** Runs every timer that falls due within so many milliseconds, in order. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds
    const next = (): Timer | undefined => this.#timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0]
    for (let timer = next(); timer; timer = next()) {
      const own = timer
      this.#timers = this.#timers.filter((other) => other !== own)
      this.#now = Math.max(this.#now, own.due)
      own.callback()
    }
    this.#now = end
  }
}
