import { VarveError } from '../errors.js'
import type { FileHeader } from '../format/file-header.js'
import { type Damage, fileDamage } from '../read/damage.js'
import { beginningOfFile, type FileBeginning } from '../read/file-beginning.js'
import type { FileSet } from '../read/file-set.js'
import type { FileWindow } from '../read/file-window.js'
import type { OpenFile } from '../read/open-file.js'
import type { Place } from '../read/scan-source.js'
import { type Examination, examineFile } from './file-examination.js'

export interface StoreExaminationParts {
  readonly files: FileSet
  /** The data files that are there, ascending. */
  readonly indexes: readonly number[]
  /** Where what is to be looked at ends: in the last of the files, or before it. */
  readonly end: Place
  /** Makes the window that a file is read through. It may throw {@link FILE_REPLACED} while it is used, and the file is examined anew. */
  readonly windowOver: (open: OpenFile) => FileWindow
  /** Whether a file that is not there was dropped since the store's files were listed. */
  readonly wasDropped: (index: number) => Promise<boolean>
}

/** What was found of a data file, or of several in a row that are not there. */
export type FileFinding =
  | {
      readonly kind: 'file'
      readonly index: number
      readonly damages: readonly Damage[]
      readonly header: FileHeader
      readonly isHeaderIntact: boolean
      /** Bytes looked at. */
      readonly bytes: number
      /** The sequence with which it begins, and the time behind everything that comes before it. */
      readonly sequence: number
      readonly timestamp: number
      /** How the next file begins, where that is known. */
      readonly next: FileBeginning | undefined
      /** The logical position up to which it was examined. */
      readonly limit: number
      readonly examination: Examination
    }
  | {
      readonly kind: 'missing' | 'foreign' | 'unreadable'
      readonly index: number
      readonly files: number
      readonly damages: readonly Damage[]
      /** The sequence and the time behind everything that comes before it, and the sequence with which the store goes on, where a file does. */
      readonly sequence: number
      readonly timestamp: number
      readonly sequenceBehind: number | undefined
      readonly error: VarveError | undefined
    }

/** A file was replaced while it was being read. */
export const FILE_REPLACED = Symbol('file replaced')

interface Unusable {
  readonly kind: 'missing' | 'foreign' | 'unreadable'
  readonly index: number
  readonly files: number
  readonly bytes: number
  readonly error: VarveError | undefined
}

/** Examines a store's files in order, each up to its end. */
export async function* examineStore(parts: StoreExaminationParts): AsyncGenerator<FileFinding> {
  const { end } = parts
  const indexes = parts.indexes.filter((index) => index <= end.index)
  const context: Context = { sequence: undefined, timestamp: 0 }
  let unusable: Unusable[] = []
  for (const [n, index] of indexes.entries()) {
    const before = indexes[n - 1]
    if (before !== undefined && index > before + 1)
      unusable.push({ kind: 'missing', index: before + 1, files: index - before - 1, bytes: 0, error: undefined })
    const found = await examineIndex(parts, index, indexes[n + 1], context)
    if (found === 'dropped') continue
    if ('error' in found) {
      unusable.push(found)
      continue
    }
    yield* tell(parts, unusable, context, found.sequence)
    unusable = []
    context.sequence = found.examination.sequence + found.examination.missing
    context.timestamp = Math.max(context.timestamp, found.examination.timestamp)
    yield found
  }
  yield* tell(parts, unusable, context, undefined)
}

interface Context {
  sequence: number | undefined
  timestamp: number
}

/** What can't be used of a store is told once it is known with which sequence it goes on behind it. */
function* tell(
  { files }: StoreExaminationParts,
  unusable: readonly Unusable[],
  { sequence: before, timestamp }: Context,
  behind: number | undefined,
): Generator<FileFinding> {
  for (const [n, { kind, index, files: count, bytes: length, error }] of unusable.entries()) {
    // Nothing is known of what the first one began with, unless it is the very first.
    const sequence = before ?? (index === 0 ? 0 : behind) ?? 0
    const name = files.naming.dataFile(index)
    // Which of several files in a row held which items can't be told: the first one names them all.
    const from = before ?? 0
    const range = n === 0 && behind !== undefined && behind > from ? { lost: { from, to: behind } } : {}
    const detail = error?.message ?? (count === 1 ? 'there is no such file' : `there are no such ${count} files in a row`)
    const damage = fileDamage(DAMAGE_KINDS[kind], name, index, detail, { length, ...range, ...(kind === 'missing' && { files: count }) })
    yield {
      kind,
      index,
      files: count,
      damages: [damage],
      sequence: n === 0 ? sequence : (behind ?? sequence),
      timestamp,
      sequenceBehind: behind,
      error,
    }
  }
}

const DAMAGE_KINDS = { missing: 'missing-file', foreign: 'foreign-file', unreadable: 'file-header' } as const

async function examineIndex(
  parts: StoreExaminationParts,
  index: number,
  next: number | undefined,
  context: Context,
): Promise<Extract<FileFinding, { kind: 'file' }> | Unusable | 'dropped'> {
  const { files, end, windowOver, wasDropped } = parts
  const isComplete = index < end.index
  for (;;) {
    try {
      const found = await files.with(index, async (open) => {
        const { header, headerFault } = open
        const { timestamp } = context
        const following = next === index + 1 ? await beginningOfFile(files, next) : undefined
        const limit = isComplete ? open.end : Math.min(open.end, end.position)
        const damages: Damage[] = []
        const examination = await examineFile(windowOver(open), {
          storeSeed: files.identity.storeSeed,
          limit,
          sequence: context.sequence,
          timestamp,
          next: async () => following,
          isComplete,
          onDamage: (damage) => damages.push(damage),
        })
        const bytes = Math.max(0, open.physical(limit))
        const base = { index, damages, header, isHeaderIntact: !headerFault, bytes, timestamp, limit, examination }
        return { kind: 'file' as const, ...base, sequence: examination.start, next: following }
      })
      if (found) return found
      return (await wasDropped(index)) ? 'dropped' : { kind: 'missing', index, files: 1, bytes: 0, error: undefined }
    } catch (error) {
      if (error === FILE_REPLACED) continue
      const kind = VarveError.is(error) ? UNUSABLE[error.code] : undefined
      if (!kind) throw error
      return { kind, index, files: 1, bytes: await files.sizeOfUnusable(index), error: error as VarveError }
    }
  }
}

// What else goes wrong is the medium's and says nothing of the store.
const UNUSABLE: { readonly [Code in VarveError['code']]?: 'foreign' | 'unreadable' } = {
  CORRUPT: 'unreadable',
  FOREIGN_FILE: 'foreign',
  GENESIS_MISMATCH: 'foreign',
  UNSUPPORTED_VERSION: 'foreign',
  UNSUPPORTED: 'foreign',
}
