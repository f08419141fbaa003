import { VarveError } from '../errors.js'
import type { FileSet } from './file-set.js'

/** What is known of the files that a store has. */
export interface KnownFiles {
  readonly firstIndex: number
  readonly lastIndex: number
  /** Files may have been dropped since this was known. */
  readonly isBesideWriter: boolean
}

/**
 * `FILE_MISSING` where a file that is not there should be. Drops take files away from the first one on and leave a stub of any other, so one
 * that has another before it is lost.
 */
export async function refuseGap(operation: string, files: FileSet, known: KnownFiles, index: number): Promise<void> {
  for (const lower of candidates(known, index)) {
    if (!known.isBesideWriter || (await files.exists(lower))) throw missingFile(operation, files, index)
  }
}

/** The same at once. */
export function refuseGapSync(operation: string, files: FileSet, known: KnownFiles, index: number): void {
  for (const lower of candidates(known, index)) {
    if (!known.isBesideWriter || files.existsSync(lower)) throw missingFile(operation, files, index)
  }
}

/** The files that are not missing with this one where it was dropped. From the first on, which is there as a rule: between two files there may be room for very many. */
function* candidates({ firstIndex, lastIndex }: KnownFiles, index: number): Generator<number> {
  if (index >= lastIndex) return
  for (let lower = firstIndex; lower < index; lower++) yield lower
}

export function missingFile(operation: string, { naming }: FileSet, index: number): VarveError {
  return new VarveError('FILE_MISSING', `${operation}: ${naming.dataFile(index)} is missing, though files before and after it are there`)
}
