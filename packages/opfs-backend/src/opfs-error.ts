import { BackendError, type BackendErrorCode } from '@varve/backend'

/** The one mapping from what a browser says to what the contract says. What is not here is `IO`. */
const codes: { readonly [name: string]: BackendErrorCode } = {
  NotFoundError: 'NOT_FOUND',
  NoModificationAllowedError: 'BUSY',
  QuotaExceededError: 'NO_SPACE',
  NotAllowedError: 'PERMISSION',
  SecurityError: 'PERMISSION',
  TypeMismatchError: 'UNSUPPORTED',
  NotSupportedError: 'UNSUPPORTED',
}

/** What the browser said of `what`, as the contract names it. A `BackendError` is passed on as it is. */
export function opfsError(error: unknown, what: string): BackendError {
  if (BackendError.is(error)) return error
  return new BackendError(codes[nameOf(error)] ?? 'IO', `${what}: ${messageOf(error)}`, { cause: error })
}

/** The same for an open file: one that is no longer there is no longer readable, which is not the same as a name that nobody has. */
export function openFileError(error: unknown, what: string): BackendError {
  const known = opfsError(error, what)
  return known.code === 'NOT_FOUND' ? new BackendError('IO', `${what}: the file is gone`, { cause: error }) : known
}

/** The name of a `DOMException`; empty where there is none. */
export function nameOf(error: unknown): string {
  const name = (error as { readonly name?: unknown } | undefined)?.name
  return typeof name === 'string' ? name : ''
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
