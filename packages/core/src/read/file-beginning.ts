import type { FileSet } from './file-set.js'
import type { OpenFile } from './open-file.js'

/** How a file begins, for who comes from the file before it: nothing is missing between the two if that one ends with this sequence. */
export interface FileBeginning {
  /** The sequence of the first record that it may hold. */
  readonly sequence: number
  /** Records that stood before it were trimmed away, or all of the file was dropped: what is missing up to `sequence` need not have been lost. */
  readonly isTrimmed: boolean
}

/** Undefined where its header is damaged and nothing proves what it said. */
export function beginningOf({ header, isSequenceKnown }: OpenFile): FileBeginning | undefined {
  return isSequenceKnown ? { sequence: header.sequence, isTrimmed: header.trimOffset > 0 || header.dropped } : undefined
}

/** The same by the file's index; undefined also where there is no file that can be used. */
export async function beginningOfFile(files: FileSet, index: number): Promise<FileBeginning | undefined> {
  // What keeps it from being opened is told when it is its turn.
  return files.with(index, async (open) => beginningOf(open)).catch(() => undefined)
}

/** The same at once, where the backend can. */
export function beginningOfFileSync(files: FileSet, index: number): FileBeginning | undefined {
  try {
    const open = files.acquireSync(index)
    if (!open) return undefined
    files.release(open)
    return beginningOf(open)
  } catch {
    return undefined
  }
}
