import { ManualClock } from './manual-clock.js'

/** A clock whose timers are due at the next turn of the event loop, however long they are set: for whoever looks again and again. */
export class EagerClock extends ManualClock {
  override after(_delay: number, _holdsProcess: boolean, callback: () => void): () => void {
    const due = setImmediate(callback)
    return () => clearImmediate(due)
  }
}
