import { ManualClock } from './manual-clock.js'

/** A clock whose short timers are due at the next turn of the event loop: for whoever looks again and again. Long ones, which limit something, never are. */
export class EagerClock extends ManualClock {
  override after(delay: number, holdsProcess: boolean, callback: () => void): () => void {
    if (delay > 100) return super.after(delay, holdsProcess, callback)
    const due = setImmediate(callback)
    return () => clearImmediate(due)
  }
}
