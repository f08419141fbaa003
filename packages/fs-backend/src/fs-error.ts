import { BackendError, type BackendErrorCode } from '@varve/backend'

/** The one mapping from what the system says to what the contract says. What is not here is `IO`. */
const codes: { readonly [errno: string]: BackendErrorCode } = {
  ENOENT: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  EBUSY: 'BUSY',
  ETXTBSY: 'BUSY',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EFBIG: 'NO_SPACE',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
  EROFS: 'PERMISSION',
  EMFILE: 'TOO_MANY_OPEN',
  ENFILE: 'TOO_MANY_OPEN',
  // Something other than a file or a directory is where one should be.
  EISDIR: 'UNSUPPORTED',
  ENOTDIR: 'UNSUPPORTED',
  ELOOP: 'UNSUPPORTED',
  ENXIO: 'UNSUPPORTED',
  ENAMETOOLONG: 'UNSUPPORTED',
  ENOSYS: 'UNSUPPORTED',
  ENOTSUP: 'UNSUPPORTED',
  EOPNOTSUPP: 'UNSUPPORTED',
}

// Windows says EPERM or EACCES where an open file stands in the way of a rename or a removal.
const heldOpenOnWindows = new Set(['EPERM', 'EACCES'])

export interface FsErrorOptions {
  /** Whether the call changes a name, which Windows refuses while the file is open. */
  readonly changesName?: boolean
}

/** What the system said of `what`, as the contract names it. A `BackendError` is passed on as it is. */
export function fsError(error: unknown, what: string, { changesName = false }: FsErrorOptions = {}): BackendError {
  if (error instanceof BackendError) return error
  const errno = errnoOf(error)
  const code = changesName && process.platform === 'win32' && heldOpenOnWindows.has(errno) ? 'BUSY' : (codes[errno] ?? 'IO')
  return new BackendError(code, `${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}

/** The system's name of an error, as `ENOENT`; empty where it has none. */
export function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | undefined)?.code
  return typeof code === 'string' ? code : ''
}
