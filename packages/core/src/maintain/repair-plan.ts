import type { FileBackend } from '@varve/backend'
import { VarveError } from '../errors.js'
import type { FileHeader } from '../format/file-header.js'
import type { FileSet } from '../read/file-set.js'
import type { StoreIdentity } from '../read/open-file.js'
import type { Place } from '../read/scan-source.js'
import { inspectTail } from '../read/tail.js'
import { type Extent, extentsOf, type QuarantineNames } from './quarantine.js'
import { changesOf, type RebuildParts } from './rebuild-file.js'
import type { FileFinding } from './store-examination.js'
import { isOfAnother } from './store-identity.js'

/** One thing that a repair does, all of it or nothing. */
export type RepairTask =
  /** Writes a file anew, around what is damaged. */
  | {
      readonly kind: 'rewrite'
      readonly index: number
      readonly finding: Extract<FileFinding, { kind: 'file' }>
      readonly parts: RebuildParts
      /** What of it changes, and is kept. */
      readonly extents: readonly Extent[]
    }
  /** Puts a stub in place of a file that is lost. */
  | {
      readonly kind: 'stub'
      readonly index: number
      readonly header: FileHeader
      readonly endSequence: number
      readonly timestamp: number
      readonly continues: boolean
    }
  /** Gives a file another name, under which it is no data file. */
  | { readonly kind: 'set-aside'; readonly index: number; readonly name: string; readonly detail: string }
  /** Makes the next data file, so that nothing is added to a lost one. */
  | { readonly kind: 'begin'; readonly index: number; readonly header: FileHeader }

type FilesByIndex = ReadonlyMap<number, FileFinding>

export interface PlanParts {
  readonly backend: FileBackend
  readonly files: FileSet
  /** The data files that are there, ascending. */
  readonly indexes: readonly number[]
  /** The end of what is durable. */
  readonly end: Place
  readonly names: QuarantineNames
}

// So many files missing in a row are no store that lost some, but two that are mixed up, or a forgery.
const MOST_MISSING = 1000

/** What has to be done about what was found, in the order in which it is safe to do it. */
export async function planRepair(findings: readonly FileFinding[], parts: PlanParts): Promise<RepairTask[]> {
  const byIndex: FilesByIndex = new Map(findings.map((finding) => [finding.index, finding]))
  const { indexes, end, files } = parts
  const last = indexes[indexes.length - 1] as number
  const isTailDamaged = await isAnyTailDamaged(parts)
  if (!isTailDamaged && findings.every(({ damages }) => damages.length === 0)) return []
  const tasks: RepairTask[] = []
  const cutsEnd = isTailDamaged || (byIndex.get(end.index)?.damages.length ?? 0) > 0
  // What comes behind a transaction without its end is part of it. From the last file on: what a crash leaves is a store still.
  const beyond = cutsEnd ? indexes.filter((index) => index > end.index).reverse() : []
  for (const index of beyond) {
    tasks.push({ kind: 'set-aside', index, name: parts.names.next(index, 0), detail: 'it is part of a transaction without its end' })
  }
  const lastFinding = findings[findings.length - 1]
  if (lastFinding && lastFinding.kind !== 'file' && lastFinding.index === last) {
    // Made first: an index that was used is not used again, whatever interrupts the repair.
    const header = headerOf(files.identity, last + 1, lastFinding.sequence)
    if (last + 1 >= files.naming.maxFiles)
      throw new VarveError('FULL', `repair: no file name is left behind ${files.naming.dataFile(last)}`)
    tasks.push({ kind: 'begin', index: last + 1, header })
  }
  for (const finding of findings) {
    if (finding.kind !== 'file') tasks.push(...(await replaceLost(finding, byIndex, parts)))
    else if (finding.damages.length > 0 || (cutsEnd && finding.index === end.index)) tasks.push(await rewrite(finding, byIndex, parts))
  }
  return tasks
}

/** Whether recovery would refuse what stands behind the end of what is durable. */
async function isAnyTailDamaged({ files, indexes, end }: PlanParts): Promise<boolean> {
  if (indexes.some((index, n) => index > end.index && index !== (indexes[n - 1] ?? index) + 1)) return true
  for (const index of indexes.filter((one) => one >= end.index)) {
    try {
      const verdict = await files.with(index, (open) => inspectTail(open, files.identity.storeSeed))
      if (verdict?.kind === 'damaged') return true
    } catch (error) {
      // A last file that can't be used is a finding of its own.
      if (!isOfAnother(error)) throw error
      if (index > end.index) return true
    }
  }
  return false
}

async function replaceLost(
  finding: Exclude<FileFinding, { kind: 'file' }>,
  findings: FilesByIndex,
  { files, names }: PlanParts,
): Promise<RepairTask[]> {
  const { index, files: count, sequence, sequenceBehind, timestamp, error } = finding
  if (count > MOST_MISSING) {
    const first = files.naming.dataFile(index)
    throw new VarveError(
      'FILE_MISSING',
      `repair: ${count} files are missing from ${first} on; the files behind them can hardly be of this store: take them away first`,
    )
  }
  const tasks: RepairTask[] = []
  if (error) tasks.push({ kind: 'set-aside', index, name: names.next(index, 0), detail: error.message })
  for (let n = 0; n < count; n++) {
    const start = n === 0 ? sequence : (sequenceBehind ?? sequence)
    const header = headerOf(files.identity, index + n, start)
    const endSequence = Math.max(start, sequenceBehind ?? start)
    tasks.push({ kind: 'stub', index: index + n, header, endSequence, timestamp, continues: groupReachesInto(findings, index + n + 1) })
  }
  return tasks
}

function headerOf({ genesis, storeId }: StoreIdentity, index: number, sequence: number): FileHeader {
  return { genesis, storeId, index, trimOffset: 0, sequence, groupStart: { index, position: 0 }, dropped: false }
}

async function rewrite(finding: Extract<FileFinding, { kind: 'file' }>, findings: FilesByIndex, parts: PlanParts): Promise<RepairTask> {
  const { index, damages, examination, limit, isHeaderIntact, sequence, timestamp, next } = finding
  const { files, end, names } = parts
  const isComplete = index < end.index
  const mayMiss = examination.missing > 0 || (!examination.isClosed && finding.next === undefined)
  const lostEnd = isComplete && (examination.isCutOff || mayMiss)
  const header: FileHeader = {
    ...finding.header,
    // What may have to be found out from other files.
    ...(!isHeaderIntact && { sequence: finding.sequence }),
    ...(lostEnd && !finding.header.dropped && { lost: true }),
  }
  const rebuild: RebuildParts = {
    storeSeed: files.identity.storeSeed,
    limit,
    sequence,
    timestamp,
    next: async () => next,
    isComplete,
    header,
    continues: groupReachesInto(findings, index + 1),
  }
  const extents = await files.with(index, async (open) => {
    const size = await open.file.size()
    return extentsOf(open, [...damages, ...(await changesOf(open, size, rebuild))], size, names)
  })
  return { kind: 'rewrite', index, finding, parts: rebuild, extents: extents ?? [] }
}

/** Whether a transaction is open where that file begins. */
function groupReachesInto(findings: FilesByIndex, index: number): boolean {
  const finding = findings.get(index)
  return finding?.kind === 'file' && finding.header.groupStart.index !== index
}
