/**
 * What went wrong, as every backend names it.
 *
 * - `NOT_FOUND`: no file of that name.
 * - `ALREADY_EXISTS`: `create` found a file of that name.
 * - `CONFLICT`: `append` was not at the end of the file; nothing was written.
 * - `LOCKED`: another writer holds the container; the message says who.
 * - `BUSY`: an open file forbids it for now.
 * - `NO_SPACE`: no space or quota is left, or the file would become too large for the medium.
 * - `PERMISSION`: the medium refuses access.
 * - `TOO_MANY_OPEN`: no handle is left.
 * - `UNSUPPORTED`: the medium can't do this at all.
 * - `IO`: anything else; `cause` has what the medium said.
 */
export type BackendErrorCode =
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'CONFLICT'
  | 'LOCKED'
  | 'BUSY'
  | 'NO_SPACE'
  | 'PERMISSION'
  | 'TOO_MANY_OPEN'
  | 'UNSUPPORTED'
  | 'IO'

/** The one error that a backend's methods reject or throw with. */
export class BackendError extends Error {
  override readonly name = 'BackendError'
  readonly code: BackendErrorCode

  constructor(code: BackendErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /**
   * Whether `error` is a `BackendError`, from whichever copy of this package it comes:
   * a program may hold two copies, and `instanceof` knows only one.
   */
  static is(error: unknown): error is BackendError {
    return error instanceof Error && error.name === 'BackendError' && typeof (error as { code?: unknown }).code === 'string'
  }
}
