import type { BackendErrorCode } from '../backend-error.js'
import type { BackendCall, CallKind, CallSubject } from './backend-call.js'

/** A call as the log of a `faultyBackend` has it. */
export interface LoggedCall extends BackendCall {
  /** The description of the fault that was planned for it. */
  readonly fault: string | undefined
  /** `pending` while it is under way, `done`, the error's code (`Error` for one that has none), or `unanswered` once the process is dead. */
  readonly outcome: 'pending' | 'done' | 'unanswered' | 'Error' | BackendErrorCode
}

/** @internal The entry while its call is made. */
export type OpenEntry = { -readonly [Key in keyof LoggedCall]: LoggedCall[Key] }

/** @internal Numbers the calls, and keeps the newest of them. */
export class CallLog {
  readonly #limit: number
  readonly #ofKind = new Map<CallKind, number>()
  #entries: OpenEntry[] = []
  #total = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  enter(subject: CallSubject): OpenEntry {
    const ofKind = this.count(subject.kind) + 1
    this.#ofKind.set(subject.kind, ofKind)
    const entry: OpenEntry = { number: ++this.#total, ofKind, ...subject, fault: undefined, outcome: 'pending' }
    this.#entries.push(entry)
    // Cut rarely, so that a long run does not copy the log at every call.
    if (this.#entries.length > this.#limit * 2) this.#entries = this.#entries.slice(-this.#limit)
    return entry
  }

  entries(): readonly LoggedCall[] {
    return this.#entries.slice(-this.#limit)
  }

  count(kind?: CallKind): number {
    return kind === undefined ? this.#total : (this.#ofKind.get(kind) ?? 0)
  }
}
