import { Varve } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import type { ManualClock } from '../programs/manual-clock.js'

// To load a part of the engine takes time that nothing here would wait for.
await Varve.preload()

// More than any chain of promises and turns in the engine that waits for nothing.
const IDLE_TURNS = 30
// Longer than every timeout together.
const MOST_TIMERS = 200

export interface PatienceParts {
  readonly clock: ManualClock
  /** Changes whenever something was done that the operation may have waited for. */
  readonly progress: () => number
  /** Lets go of something that is held; false where there is nothing. */
  readonly letGo?: () => boolean
}

/**
 * Waits for operations without sleeping, and knows one that hangs: nothing is held, nothing has happened for many turns of the event loop, no timer
 * is left to wait for, and still it is not over.
 */
export class Patience {
  readonly #parts: PatienceParts

  constructor(parts: PatienceParts) {
    this.#parts = parts
  }

  /** What the operation comes to, with all that is held let go, and time passing where it waits for nothing else. */
  async until<T>(operation: Promise<T>, words: string): Promise<T> {
    const { clock, progress, letGo } = this.#parts
    let isOver = false
    const over = operation.finally(() => {
      isOver = true
    })
    over.catch(() => undefined)
    let seen = progress()
    let timers = 0
    for (let idle = 0; !isOver; idle++) {
      await turn()
      if (isOver || letGo?.() || progress() !== seen) {
        seen = progress()
        idle = 0
      } else if (idle > IDLE_TURNS) {
        const { untilNext } = clock
        if (untilNext === undefined || timers++ > MOST_TIMERS)
          throw new BrokenPromise(`${words} hangs: nothing is left that it could wait for`)
        clock.advance(untilNext)
        idle = 0
      }
    }
    return over
  }

  /** Lets everything run that waits for nothing but its turn. */
  async rest(): Promise<void> {
    for (let idle = 0; idle < IDLE_TURNS; idle++) await turn()
  }
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
