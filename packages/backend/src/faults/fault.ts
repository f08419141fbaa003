import type { BackendErrorCode } from '../backend-error.js'
import type { FileBackend } from '../file-backend.js'
import type { BackendCall, CallKind } from './backend-call.js'
import { Hold } from './hold.js'

/** Whether a fault strikes in place of the call's effect, or once the inner backend has done it all. */
export type FaultMoment = 'before' | 'after'

/** What can happen to one call: made by {@link fail}, {@link shorten}, {@link hold}, {@link die} and {@link act}. */
export type Fault = Failure | Shortening | Hold | Death | Action

export interface Failure {
  readonly type: 'fail'
  readonly description: string
  readonly code: BackendErrorCode
  readonly when: FaultMoment
}

export interface Shortening {
  readonly type: 'shorten'
  readonly description: string
  /** How many of `size` bytes are left. */
  readonly bytes: (size: number) => number
  /** What an append rejects with; a read does not reject. */
  readonly code: BackendErrorCode
}

export interface Death {
  readonly type: 'die'
  readonly description: string
  readonly when: FaultMoment
  readonly calls: 'hang' | 'reject'
}

export interface Action {
  readonly type: 'act'
  readonly description: string
  readonly run: (call: BackendCall, inner: FileBackend) => unknown
}

/**
 * The call rejects with `code`. `when: 'before'` (default): it has no effect. `'after'`: it has all of its effect first; but a handle or
 * lock that it got is given back, since the caller never sees it.
 */
export function fail(code: BackendErrorCode, options: { readonly when?: FaultMoment } = {}): Failure {
  const { when = 'before' } = options
  return { type: 'fail', code, when, description: `fails with ${code} ${when} taking effect` }
}

/**
 * An `append` writes only the first `bytes` of what it was given, then rejects with `code` (default `NO_SPACE`).
 * A `read` or `readSync` gives `bytes` of what it had, and the rest of the target is scribbled over; with fewer bytes than there are in the
 * middle of a file that breaks the contract, and shows what the caller does with a backend that breaks it.
 * A function gets the size and gives the bytes that are left: `shorten((size) => size - 1)`. Fits no other kind of call.
 */
export function shorten(bytes: number | ((size: number) => number), options: { readonly code?: BackendErrorCode } = {}): Shortening {
  const { code = 'NO_SPACE' } = options
  const left = typeof bytes === 'number' ? () => bytes : bytes
  const amount = typeof bytes === 'number' ? `to ${bytes} bytes` : 'in part'
  return { type: 'shorten', code, description: `is done only ${amount} (an append then fails with ${code})`, bytes: left }
}

/**
 * The call waits until the test lets it go: see {@link Hold}. `when: 'before'` (default): it waits before it takes effect; `'after'`: the
 * effect is there, and only the answer waits. Fits every kind but `openSync`, `sizeSync` and `readSync`, which can't wait.
 */
export function hold(options: { readonly when?: FaultMoment } = {}): Hold {
  return new Hold(options.when ?? 'before')
}

/**
 * The process ends with this call, before or `after` it takes effect: neither this call nor any other that is under way or comes later is answered.
 * `calls: 'hang'` (default): they never resolve (`openSync`, `sizeSync` and `readSync` throw); `'reject'`: they reject with `IO`, so that code which would wait for ever can be ended.
 */
export function die(options: { readonly when?: FaultMoment; readonly calls?: 'hang' | 'reject' } = {}): Death {
  const { when = 'before', calls = 'hang' } = options
  return { type: 'die', when, calls, description: `is the last of the process, which ends ${when} it takes effect` }
}

/**
 * Does something else before the call goes on as usual; it waits where `run` returns a promise (those that end in `Sync` do not).
 * For what only the inner backend can do: `act('a sync fails and loses the pages', () => disk.failNextSync())`.
 */
export function act(description: string, run: (call: BackendCall, inner: FileBackend) => unknown): Action {
  return { type: 'act', description, run }
}

/** Whether `fault` can happen to a call of this kind. */
export function canStrike(fault: Fault, kind: CallKind): boolean {
  if (fault.type === 'shorten') return kind === 'append' || kind === 'read' || kind === 'readSync'
  return fault.type !== 'hold' || !kind.endsWith('Sync')
}
