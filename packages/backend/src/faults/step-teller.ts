import type { PowerLossStep } from './power-loss.js'

/** @internal A step without its place in the order and its phase. */
export type StepSubject = Omit<PowerLossStep, 'number' | 'phase'>

// More than the promises between a backend's caller and its caller's caller.
const turns = 32

/** @internal A call that changes something, while it is under way. */
export interface Step {
  /** Tells every listener of a phase, and waits for them. */
  tell(phase: PowerLossStep['phase']): Promise<void>
  /**
   * Lets everything run that does not wait for this call, where somebody listens. Calls take effect only after it, so that a program which
   * acknowledges before its sync is over, or syncs before its append is, meets a step at which that shows.
   */
  letOthersRun(): Promise<void>
}

const unwatched: Step = { tell: async () => undefined, letOthersRun: async () => undefined }

/** @internal Counts the steps and tells of them. */
export class StepTeller {
  readonly #listeners = new Set<(step: PowerLossStep) => void | Promise<void>>()
  #steps = 0

  add(listener: (step: PowerLossStep) => void | Promise<void>): () => void {
    const own = (step: PowerLossStep) => listener(step)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  begin(subject: StepSubject): Step {
    const number = ++this.#steps
    if (this.#listeners.size === 0) return unwatched
    return {
      tell: async (phase) => {
        for (const listener of [...this.#listeners]) await listener({ number, ...subject, phase })
      },
      letOthersRun: async () => {
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      },
    }
  }
}
