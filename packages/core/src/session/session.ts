import type { FileSet } from '../read/file-set.js'
import type { Reader } from '../read/reader.js'
import type { ScanSource } from '../read/scan-source.js'
import type { VarveStats } from '../stats.js'

/** A store between its start and its stop. */
export interface Session {
  readonly files: FileSet
  readonly reader: Reader
  readonly source: ScanSource
  stats(): Promise<Omit<VarveStats, 'state'>>
  /** Closes every file and gives the lock back. */
  release(): Promise<void>
}

/** Bytes of all data files. */
export async function totalBytes(files: FileSet, indexes: Iterable<number>): Promise<number> {
  let bytes = 0
  for (const index of indexes) {
    bytes += (await files.with(index, async (open) => open.physical(open.end))) ?? 0
  }
  return bytes
}

/** The sequence of the first item of the first file. */
export async function sequenceAtStart(files: FileSet, firstIndex: number): Promise<number> {
  return (await files.with(firstIndex, async (open) => open.header.sequence)) ?? 0
}
