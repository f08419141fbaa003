import { BackendError } from '@varve/backend'
import type { Location } from './location.js'

/**
 * Why an operation failed. A closed union: switch on it; messages are for people and may change.
 *
 * Options and state
 * - `INVALID_OPTION`: an option is not what it may be; the message says which, its value and what is allowed.
 * - `NOT_RUNNING`: the store is not started, or stopping, or stopped.
 * - `RUNNING`: the store must be stopped for this.
 * - `FAILED`: the store failed for good and takes nothing more; `cause` says of what. Start it again to recover.
 * - `FENCED`: the same, because another writer has taken over: an append met what that one wrote, or the lock was lost to it.
 * - `READ_ONLY`: the store was opened with `readOnly`.
 * - `OVERWRITE_DISABLED`: trims, drops and `destroy` need the option `overwrite`, or `enableOverwrite()`.
 *
 * Items and locations
 * - `EMPTY_ITEM`: an item has at least one byte.
 * - `ITEM_TOO_LARGE`: no file of `maxFileSize` can hold it.
 * - `TIMEOUT`: there was no room in the buffer, or no end of the last flush, within `timeout`.
 * - `FULL`: the last index that `filePadding` digits can name is full.
 * - `INVALID_LOCATION`: no item of that size starts there.
 * - `INDEX_NOT_FOUND`: no data file has that index.
 * - `TRIM_MISMATCH`: the item at the edge of the trim is not the one expected; nothing was removed.
 *
 * Transactions
 * - `TRANSACTION_EMPTY`: there is nothing to commit.
 * - `TRANSACTION_COMMITTING`: its commit is under way.
 * - `TRANSACTION_DONE`: it was committed or aborted before.
 * - `TRANSACTION_TOO_LARGE`: it would stage more than `maxTransactionSize`.
 *
 * The store's files
 * - `NOT_FOUND`: there is no store here.
 * - `CORRUPT`: bytes that were durable are damaged.
 * - `FILE_MISSING`: a data file between the first and the last is not there.
 * - `FOREIGN_FILE`: a data file belongs to another store, or stands under another file's name.
 * - `GENESIS_MISMATCH`: the store was made with other `genesisBytes`.
 * - `UNSUPPORTED_VERSION`: a newer version of Varve wrote it.
 *
 * The backend's, with its error as `cause`: `LOCKED`, `BUSY`, `NO_SPACE`, `PERMISSION`, `TOO_MANY_OPEN`, `CONFLICT`, `UNSUPPORTED`, `IO`.
 * `CONFLICT` also where a copy was added to by somebody else than `copyTo`.
 */
export type VarveErrorCode =
  | 'INVALID_OPTION'
  | 'NOT_RUNNING'
  | 'RUNNING'
  | 'FAILED'
  | 'FENCED'
  | 'READ_ONLY'
  | 'OVERWRITE_DISABLED'
  | 'EMPTY_ITEM'
  | 'ITEM_TOO_LARGE'
  | 'TIMEOUT'
  | 'FULL'
  | 'INVALID_LOCATION'
  | 'INDEX_NOT_FOUND'
  | 'TRIM_MISMATCH'
  | 'TRANSACTION_EMPTY'
  | 'TRANSACTION_COMMITTING'
  | 'TRANSACTION_DONE'
  | 'TRANSACTION_TOO_LARGE'
  | 'NOT_FOUND'
  | 'CORRUPT'
  | 'FILE_MISSING'
  | 'FOREIGN_FILE'
  | 'GENESIS_MISMATCH'
  | 'UNSUPPORTED_VERSION'
  | 'LOCKED'
  | 'BUSY'
  | 'NO_SPACE'
  | 'PERMISSION'
  | 'TOO_MANY_OPEN'
  | 'CONFLICT'
  | 'UNSUPPORTED'
  | 'IO'

export interface VarveErrorDetails {
  /** What led to it. */
  readonly cause?: unknown
  /** The items were accepted and have their place: they stay in memory and are written later, though not by this attempt. */
  readonly pending?: boolean
  /** The locations of the items that were accepted before or in spite of the error. */
  readonly locations?: readonly Location[]
}

/** Every error of the engine, but for misuse of types, which is a `TypeError`, and an aborted signal's own reason. */
export class VarveError extends Error {
  override readonly name = 'VarveError'
  readonly code: VarveErrorCode
  /** True where the items concerned were accepted all the same and are written later. */
  readonly pending: boolean
  /** The locations of the items that were accepted before or in spite of the error. */
  readonly locations: readonly Location[]

  constructor(code: VarveErrorCode, message: string, details: VarveErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.code = code
    this.pending = details.pending ?? false
    this.locations = details.locations ?? []
  }

  /** Whether `error` is a `VarveError`, from whichever copy of this package it comes. */
  static is(error: unknown): error is VarveError {
    return error instanceof Error && error.name === 'VarveError' && typeof (error as { code?: unknown }).code === 'string'
  }
}

/** What a failed backend call is to the engine's user: the backend's own code where the union has it, else `IO`. */
export function backendFailure(operation: string, cause: unknown, details: Omit<VarveErrorDetails, 'cause'> = {}): VarveError {
  if (VarveError.is(cause)) return cause
  const code = BackendError.is(cause) && cause.code !== 'NOT_FOUND' && cause.code !== 'ALREADY_EXISTS' ? cause.code : 'IO'
  return new VarveError(code, `${operation}: ${messageOf(cause)}`, { ...details, cause })
}

/** What a store that failed refuses everything with: one that was fenced off says so, as starting it again would fence off the other. */
export function storeFailure(message: string, failure: VarveError | undefined, details: Omit<VarveErrorDetails, 'cause'> = {}): VarveError {
  return new VarveError(failure?.code === 'FENCED' ? 'FENCED' : 'FAILED', message, { ...details, cause: failure })
}

/** Whether the error ends the store. */
export function isFinal(error: unknown): boolean {
  return VarveError.is(error) && (error.code === 'FAILED' || error.code === 'FENCED')
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

export function isBackendError(error: unknown, code: BackendError['code']): boolean {
  return BackendError.is(error) && error.code === code
}

/** Whether a read failed as it may where the file was removed or replaced since it was opened: no medium has to serve what is gone. */
export function isGone(error: unknown): boolean {
  return VarveError.is(error) && error.code === 'IO' && BackendError.is(error.cause)
}
