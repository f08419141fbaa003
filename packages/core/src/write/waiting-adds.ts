import type { Clock } from '../clock.js'
import { VarveError } from '../errors.js'
import { Fifo } from '../fifo.js'
import type { Location } from '../location.js'

export interface WaitingAdd {
  readonly data: Uint8Array
  /** Its length when it came. A buffer can be taken away from under it, or shrink. */
  readonly size: number
  /** Takes it off the queue's hands; what comes of it is told by the promise. */
  readonly accept: (location: Location) => void
  readonly reject: (error: unknown) => void
}

interface Entry {
  readonly add: WaitingAdd
  readonly leave: () => void
}

/** The adds that found no room: first come, first served, each for at most `timeout`. */
export class WaitingAdds {
  readonly #entries = new Fifo<Entry>()
  readonly #clock: Clock
  readonly #timeout: number

  constructor(clock: Clock, timeout: number) {
    this.#clock = clock
    this.#timeout = timeout
  }

  get length(): number {
    return this.#entries.length
  }

  peek(): WaitingAdd | undefined {
    return this.#entries.peek()?.add
  }

  /** Waits in line. `onLeave` is called when the add was given up, by time or signal. */
  push(add: WaitingAdd, signal: AbortSignal | undefined, onLeave: () => void): void {
    const giveUp = (error: unknown): void => {
      this.#entries.remove(entry)
      entry.leave()
      add.reject(error)
      onLeave()
    }
    const onAbort = (): void => giveUp(signal?.reason)
    // A program that waits here is not idle: the timer holds it.
    const cancel = this.#clock.after(this.#timeout, true, () =>
      giveUp(new VarveError('TIMEOUT', `add: the buffer had no room for ${add.size} bytes within ${this.#timeout} ms; nothing was taken`)),
    )
    signal?.addEventListener('abort', onAbort, { once: true })
    const entry: Entry = {
      add,
      leave: () => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
      },
    }
    this.#entries.push(entry)
  }

  /** Takes the first one off, to be accepted or rejected by the caller. */
  shift(): WaitingAdd | undefined {
    const entry = this.#entries.shift()
    entry?.leave()
    return entry?.add
  }

  rejectAll(error: VarveError): void {
    for (const { add, leave } of this.#entries.drain()) {
      leave()
      add.reject(error)
    }
  }
}
