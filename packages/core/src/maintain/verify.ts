import type { FileBackend } from '@varve/backend'
import { readCursor } from '../cursor/cursor-files.js'
import { VarveError } from '../errors.js'
import { type Damage, fileDamage } from '../read/damage.js'
import { findDurableEnd } from '../read/durable-end.js'
import type { OpenFile } from '../read/open-file.js'
import type { ScanSource } from '../read/scan-source.js'
import { examineStore, FILE_REPLACED, type FileFinding } from './store-examination.js'
import { listFiles } from './store-listing.js'
import { WatchedWindow } from './watched-window.js'

export interface VerifyOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called about once a mebibyte. */
  readonly onProgress?: (progress: VerifyProgress) => void
}

export interface VerifyProgress {
  /** Bytes read so far, of all those there are to read. */
  readonly bytes: number
  readonly totalBytes: number
  /** The data file that is being read. */
  readonly file: string
}

export interface VerifyReport {
  /** Whether there is no damage. Items that an earlier repair found lost are none. */
  readonly isIntact: boolean
  /** Data files that were read. */
  readonly files: number
  /** Bytes of them that were read. */
  readonly bytes: number
  /** Intact items. */
  readonly items: number
  /** Items that an earlier repair found lost, as far as it left a record in their place. */
  readonly lost: number
  /** All damage, in the order of the files and of what stands in them; the first 100,000 extents of it. */
  readonly damages: readonly Damage[]
  /** Damaged extents beyond those. */
  readonly omitted: number
  /** Named cursors whose files are not what they should be: `removeCursor` forgets one. That loses no item, so it does not count for {@link isIntact}. */
  readonly damagedCursors: readonly string[]
}

const MOST_DAMAGES = 100_000

/** Reads every byte that is durable and reports what is damaged. Changes nothing, and never holds more than a window of a file. */
export async function verifyStore(source: ScanSource, backend: FileBackend, { signal, onProgress }: VerifyOptions): Promise<VerifyReport> {
  const { files } = source
  signal?.throwIfAborted()
  const { indexes, cursors } = await listFiles(backend, files.naming)
  const end = await findDurableEnd(source, indexes)
  const totalBytes = onProgress ? await files.sizeOf(indexes) : 0
  const report = { files: 0, bytes: 0, items: 0, lost: 0, omitted: 0 }
  const damages: Damage[] = []
  const progress = (open: OpenFile, position: number): void => {
    signal?.throwIfAborted()
    if (open.retired) throw FILE_REPLACED
    onProgress?.({ bytes: report.bytes + open.physical(Math.min(position, open.end)), totalBytes, file: open.name })
  }
  let reached = 0
  for await (const finding of examineStore({
    files,
    indexes,
    end,
    windowOver: (open) => new WatchedWindow(open, progress),
    wasDropped: (index) => wasDropped(source, backend, index),
  })) {
    for (const damage of [...overlapOf(finding, reached, (index) => files.naming.dataFile(index)), ...finding.damages]) {
      if (damages.length < MOST_DAMAGES) damages.push(damage)
      else report.omitted++
    }
    // How far a damaged file went is a guess.
    reached = finding.kind === 'file' && finding.damages.length === 0 ? finding.examination.sequence : 0
    if (finding.kind !== 'file') continue
    report.files++
    report.bytes += finding.bytes
    report.items += finding.examination.items
    report.lost += finding.examination.lost
  }
  const damagedCursors: string[] = []
  for (const name of cursors) if (await isCursorDamaged(backend, name, files.identity.storeId)) damagedCursors.push(name)
  return { isIntact: damages.length === 0, ...report, damagedCursors, damages }
}

/** A file that begins with a sequence which the one before it, intact as well, has given out: the two are from copies of the store that went different ways. Which of them is in its place nothing tells, so no repair touches them. */
function overlapOf(finding: FileFinding, reached: number, name: (index: number) => string): Damage[] {
  if (finding.kind !== 'file' || !finding.isHeaderIntact || finding.sequence >= reached) return []
  const { index, sequence } = finding
  return [
    fileDamage(
      'sequence',
      name(index),
      index,
      `the file begins with sequence ${sequence}, though those before ${reached} are in the files before it`,
    ),
  ]
}

async function isCursorDamaged(backend: FileBackend, name: string, storeId: Uint8Array): Promise<boolean> {
  try {
    await readCursor(backend, name, storeId)
    return false
  } catch (error) {
    if (VarveError.is(error) && error.cause !== undefined && error.code !== 'UNSUPPORTED') throw error
    return true
  }
}

async function wasDropped({ isBesideWriter, firstIndex, files }: ScanSource, backend: FileBackend, index: number): Promise<boolean> {
  if (!isBesideWriter) return index < firstIndex
  const { indexes } = await listFiles(backend, files.naming)
  // Drops take files away from the first one on, and leave a stub of any other.
  return !indexes.some((other) => other < index)
}
