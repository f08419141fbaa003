import { platform } from '#platform'
import type { Clock } from '../clock.js'

export interface UnattendedFlushParts {
  readonly clock: Clock
  readonly flushInterval: number
  /** Lays down what is gathered, without waiting for it. */
  readonly seal: () => void
  /** Makes durable all that was accepted. */
  readonly flush: () => Promise<void>
}

/** Flushes what nobody asked to be flushed: after an interval, and before the program ends by itself. While nothing is gathered there is no timer. */
export class UnattendedFlush {
  readonly #parts: UnattendedFlushParts
  #cancelTimer: (() => void) | undefined
  #forgetExit: (() => void) | undefined
  #watched: object | undefined

  constructor(parts: UnattendedFlushParts) {
    this.#parts = parts
  }

  /** Called after each add with the block it went to: the interval runs from a block's first item. */
  noteAdd(block: object | undefined): void {
    if (block === this.#watched) return
    this.#watched = block
    this.#forgetExit ??= platform.onNaturalExit(() => this.#flushAtExit())
    this.#cancelTimer?.()
    this.#cancelTimer = block && this.#parts.clock.after(this.#parts.flushInterval, false, () => this.#onInterval())
  }

  /** Called when everything is laid down. */
  noteEmpty(): void {
    this.#watched = undefined
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  /** Called when everything is durable, or never will be. */
  noteDurable(): void {
    this.noteEmpty()
    this.#forgetExit?.()
    this.#forgetExit = undefined
  }

  #onInterval(): void {
    this.#cancelTimer = undefined
    this.#parts.seal()
  }

  async #flushAtExit(): Promise<void> {
    try {
      await this.#parts.flush()
    } catch {
      // The failure was reported as an event. Another try would keep the program from ending for as long as the disk is full.
      this.noteDurable()
    }
  }
}
