import { VarveError, type VarveErrorCode } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'

const codes = {
  INVALID_OPTION: true,
  NOT_RUNNING: true,
  RUNNING: true,
  FAILED: true,
  FENCED: true,
  READ_ONLY: true,
  OVERWRITE_DISABLED: true,
  EMPTY_ITEM: true,
  ITEM_TOO_LARGE: true,
  TIMEOUT: true,
  FULL: true,
  INVALID_LOCATION: true,
  INDEX_NOT_FOUND: true,
  TRIM_MISMATCH: true,
  TRANSACTION_EMPTY: true,
  TRANSACTION_COMMITTING: true,
  TRANSACTION_DONE: true,
  TRANSACTION_TOO_LARGE: true,
  NOT_FOUND: true,
  CORRUPT: true,
  FILE_MISSING: true,
  FOREIGN_FILE: true,
  GENESIS_MISMATCH: true,
  UNSUPPORTED_VERSION: true,
  LOCKED: true,
  BUSY: true,
  NO_SPACE: true,
  PERMISSION: true,
  TOO_MANY_OPEN: true,
  CONFLICT: true,
  UNSUPPORTED: true,
  IO: true,
} satisfies Record<VarveErrorCode, true>

/** The error as one of the closed union, with a message; anything else that an operation ends in is a violation. */
export function namedError(error: unknown, operation: string): VarveError {
  if (!(error instanceof VarveError)) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    throw new BrokenPromise(`${operation} ended in ${what}, which is no VarveError`, { cause: error })
  }
  if (!Object.hasOwn(codes, error.code))
    throw new BrokenPromise(`${operation} ended in the code ${error.code}, which is none of the union`, { cause: error })
  if (error.message === '') throw new BrokenPromise(`${operation} ended in ${error.code} without a message`, { cause: error })
  return error
}

/** What a medium's failure may make of an operation. Damage, missing files and the like are never what an error of the medium means. */
const ofTheMedium: readonly VarveErrorCode[] = ['LOCKED', 'BUSY', 'NO_SPACE', 'PERMISSION', 'TOO_MANY_OPEN', 'UNSUPPORTED', 'IO', 'FAILED']

export function isOfTheMedium(code: VarveErrorCode): boolean {
  return ofTheMedium.includes(code)
}
