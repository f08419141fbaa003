import type { VarveError } from '../errors.js'
import type { Block } from '../write/block.js'
import type { FileSet } from './file-set.js'

export interface Place {
  readonly index: number
  readonly position: number
}

/** What a scan sees of a store. */
export interface ScanSource {
  readonly files: FileSet
  readonly firstIndex: number
  readonly lastIndex: number
  /** The writer is elsewhere: what is durable or in memory is not known, and the last file's end is looked at again and again. */
  readonly isBesideWriter: boolean
  /** The end of what is durable. */
  readonly frontier: Place & { readonly sequence: number }
  /** The end of what is in the files and may be shown. */
  readonly shown: Place
  /** The end of what was accepted. */
  readonly accepted: Place
  /** The store runs no more: what there is, is all there will be. */
  readonly isStopped: boolean
  /** Why nothing more will become durable, if so. */
  readonly failure: VarveError | undefined
  /** The first block in memory that ends behind the place, the one that fills included. */
  blockFrom(index: number, position: number): Block | undefined
  /** The time that a block gets which is sealed now. */
  stamp(): number
  /** Resolves when any of this may have changed; `accepted` alone only where that is asked for. `isAtRest`: nothing has come for a while, so it may take somewhat longer to tell. */
  nextChange(withAccepted: boolean, isAtRest?: boolean): Promise<void>
  /** Beside a writer: the index of the next file behind this one, if there is one by now; `FILE_MISSING` where one is gone that was not dropped. `isMissing`: this one is not there itself. `isUnlikely`: it is enough to look now and then. */
  fileBehind(index: number, look: { readonly isMissing: boolean; readonly isUnlikely: boolean }): Promise<number | undefined>
  /** The indexes of the data files that are there now, ascending. */
  listFiles(): Promise<readonly number[]>
  /** Beside a writer: looks anew which files there are. */
  lookAgain(): Promise<void>
}
