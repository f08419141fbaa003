/** Every method of a backend, of its files (`size` to `close`) and of its lock (`release`). */
export const callKinds = [
  'list',
  'open',
  'openSync',
  'create',
  'replace',
  'remove',
  'lock',
  'destroy',
  'size',
  'sizeSync',
  'read',
  'readSync',
  'append',
  'truncate',
  'sync',
  'close',
  'release',
] as const

/** The name of a method that a backend, its files or its lock have. */
export type CallKind = (typeof callKinds)[number]

/** One call of a backend, one of its files or its lock. */
export interface BackendCall {
  /** Its place among all calls of one `faultyBackend`, from 1. */
  readonly number: number
  readonly kind: CallKind
  /** Its place among the calls of its kind, from 1. */
  readonly ofKind: number
  /** The file it is about, under the name it was opened with; `from` of a `replace`. */
  readonly name?: string | undefined
  /** Where a `replace` leads. */
  readonly to?: string | undefined
  /** The byte a `read` or `append` starts at, the size a `truncate` cuts to, the place a `sync` rewrites from. */
  readonly position?: number | undefined
  /** The bytes a `read` asks for or an `append` brings. */
  readonly size?: number | undefined
}

/** What a call is about: all of it but its place in the order of calls. */
export type CallSubject = Omit<BackendCall, 'number' | 'ofKind'>

/** A call in words, for messages: `call 17: append data00000.dat 120 bytes at 64`. */
export function describeCall(call: BackendCall): string {
  const to = call.to === undefined ? '' : ` to ${call.to}`
  const size = call.size === undefined ? '' : ` ${call.size} bytes`
  const position = call.position === undefined ? '' : ` at ${call.position}`
  return `call ${call.number}: ${call.kind}${call.name === undefined ? '' : ` ${call.name}`}${to}${size}${position}`
}
