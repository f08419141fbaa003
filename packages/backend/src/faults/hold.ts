import type { BackendErrorCode } from '../backend-error.js'
import type { BackendCall } from './backend-call.js'

/**
 * A gate at which calls wait. No timers: `await gate.reached` to know that a call stands there,
 * `gate.release()` or `gate.fail(code)` to let it go. Calls that come later pass at once, with the same answer.
 */
export class Hold {
  readonly type = 'hold'
  readonly description: string
  /** The first call that came to the gate. Never resolves where none does. */
  readonly reached: Promise<BackendCall>
  readonly #opened: Promise<BackendErrorCode | undefined>
  #reach!: (call: BackendCall) => void
  #open!: (code: BackendErrorCode | undefined) => void
  #waiting = 0

  constructor(readonly when: 'before' | 'after') {
    this.description = `waits ${when} taking effect`
    this.reached = new Promise((resolve) => {
      this.#reach = resolve
    })
    this.#opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** How many calls stand at the gate now. */
  get waiting(): number {
    return this.#waiting
  }

  /** Lets the calls go on as if nothing had been. */
  release(): void {
    this.#open(undefined)
  }

  /** The calls reject with `code`: without any effect where they wait `before`, with all of it where they wait `after`. */
  fail(code: BackendErrorCode): void {
    this.#open(code)
  }

  /** @internal Waits for the gate to open; resolves to the code to reject with. */
  async pass(call: BackendCall): Promise<BackendErrorCode | undefined> {
    this.#waiting++
    this.#reach(call)
    const code = await this.#opened
    this.#waiting--
    return code
  }
}
