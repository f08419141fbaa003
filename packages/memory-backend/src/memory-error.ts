import { BackendError, type BackendErrorCode } from '@varve/backend'

/** The one mapping from what memfs says to what the contract says. What is not here is `IO`. */
const codes: { readonly [errno: string]: BackendErrorCode } = {
  ENOENT: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
  EMFILE: 'TOO_MANY_OPEN',
  EISDIR: 'UNSUPPORTED',
  ENOTDIR: 'UNSUPPORTED',
  ELOOP: 'UNSUPPORTED',
}

/** What memfs said of `what`, as the contract names it. A `BackendError` is passed on as it is. */
export function memoryError(error: unknown, what: string): BackendError {
  if (error instanceof BackendError) return error
  const code = codes[errnoOf(error)] ?? 'IO'
  return new BackendError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

/** The name of an error, as `ENOENT`; empty where it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
