import type { BackendFile, FileBackend } from '@varve/backend'
import { backendFailure, VarveError } from '../errors.js'
import type { RecoveredCut } from '../events.js'
import { storeSeedOf } from '../format/checksum.js'
import type { FileHeader } from '../format/file-header.js'
import type { FileNaming } from '../format/file-name.js'
import type { Logger } from '../logger.js'
import { checkFileHeader, OpenFile } from '../read/open-file.js'
import { readHead } from '../read/read-head.js'
import { inspectTail, readLastBlock, type TailVerdict } from '../read/tail.js'
import { isUnused } from '../read/unused-file.js'
import { proveEnd } from './prove-end.js'
import { saveCut } from './saved-cut.js'
import { readFileHeader } from './store-identity.js'

export interface RecoveryParts {
  readonly backend: FileBackend
  readonly naming: FileNaming
  readonly genesis: Uint8Array
  readonly logger: Logger
  /** Names of what was cut before, oldest first; what is cut now is added. */
  readonly cuts: string[]
}

/** The last file, ready to be written to, and what had to be cut for it. */
export interface RecoveredTail {
  readonly open: OpenFile
  /** The logical position up to which it is known to be durable. */
  readonly synced: number
  readonly endsInClose: boolean
  /** The sequence of the next item. */
  readonly sequence: number
  readonly lastTime: number
  readonly cut: readonly RecoveredCut[]
}

/**
 * Makes the end of a store ready for writing: cuts off what an interrupted write or transaction left behind, and makes durable
 * what nothing proves to be. Interrupted anywhere and begun again it comes to the same end. Undefined where no file is left, as none was ever used.
 * `CORRUPT`, with nothing changed, where bytes that were durable are damaged.
 */
export async function recoverTail(indexes: readonly number[], parts: RecoveryParts): Promise<RecoveredTail | undefined> {
  const cut: RecoveredCut[] = []
  const left = [...indexes]
  for (let index = left.pop(); index !== undefined; ) {
    const outcome = await recoverLast(index, left[left.length - 1], parts)
    if (!('removed' in outcome)) return { ...outcome, cut }
    cut.push(outcome)
    // A file that was cut is looked at once more; behind one that was removed another may be unfinished too.
    if (outcome.removed) index = left.pop()
  }
  return undefined
}

type Outcome = RecoveredCut | Omit<RecoveredTail, 'cut'>

async function recoverLast(index: number, before: number | undefined, parts: RecoveryParts): Promise<Outcome> {
  const name = parts.naming.dataFile(index)
  try {
    const file = await parts.backend.open(name)
    let kept = false
    try {
      const header = await readHeader(file, name, index, parts.genesis)
      const size = await file.size()
      if (header) {
        const open = new OpenFile(name, file, header, size)
        const verdict = await inspectTail(open, storeSeedOf(header.storeId))
        if (verdict.kind === 'unfinished' && before === undefined)
          throw onlyFileLeft(index, parts, 'holds a part of a transaction that began in a file before it')
        // Before anything is cut, as it finds out whether the two are of one store.
        const earlierTime = verdict.kind === 'clean' ? await refuseForeign(before, header, parts) : await timeBefore(before, header, parts)
        const outcome = await settle(open, verdict, parts)
        if (!('removed' in outcome)) {
          kept = true
          return { ...outcome, lastTime: Math.max(outcome.lastTime, earlierTime) }
        }
        if (!outcome.removed) return outcome
        await file.close()
        await parts.backend.remove(name)
        return outcome
      }
      await refuseUnused(index, before, parts)
      await file.close()
      await parts.backend.remove(name)
      return { index, position: 0, bytes: size, removed: true }
    } finally {
      if (!kept) await file.close()
    }
  } catch (error) {
    throw backendFailure(`recover ${name}`, error)
  }
}

/** The file's header; undefined where the file was created and never used. */
async function readHeader(file: BackendFile, name: string, index: number, genesis: Uint8Array): Promise<FileHeader | undefined> {
  const head = await readHead(file)
  if (await isUnused(file, head)) return undefined
  return checkFileHeader(name, head, index, genesis)
}

/**
 * `CORRUPT` where a file that looks as if it had never been used must have been: one behind it was made, or those before it were dropped. Were it removed, its index, or all of them, would be given
 * out a second time.
 */
async function refuseUnused(index: number, before: number | undefined, parts: RecoveryParts): Promise<void> {
  if (before === undefined) {
    if (index > 0) throw onlyFileLeft(index, parts, 'has no header')
    return
  }
  const name = parts.naming.dataFile(before)
  const file = await parts.backend.open(name)
  try {
    if (await isUnused(file, await readHead(file)))
      throw new VarveError('CORRUPT', `open: ${name} has no header, though there is a file behind it; nothing was changed`)
  } finally {
    await file.close()
  }
}

function onlyFileLeft(index: number, { naming }: RecoveryParts, detail: string): VarveError {
  const name = naming.dataFile(index)
  return new VarveError(
    'CORRUPT',
    `open: ${name} ${detail}, and is all that is left of a store that had files before it; nothing was changed`,
  )
}

async function settle(open: OpenFile, verdict: TailVerdict, parts: RecoveryParts): Promise<Outcome> {
  const { file, index, header } = open
  switch (verdict.kind) {
    case 'clean': {
      const { sequence, timestamp } = verdict.last
      await proveEnd(open, verdict)
      return { open, synced: open.end, endsInClose: true, sequence, lastTime: timestamp }
    }
    case 'whole': {
      const { last } = verdict
      await proveEnd(open, verdict)
      const sequence = last ? last.sequence + last.count : header.sequence
      return { open, synced: open.end, endsInClose: false, sequence, lastTime: last?.timestamp ?? 0 }
    }
    case 'torn': {
      const { from } = verdict
      const savedAs = await saveCut(open, from, parts)
      await file.truncate(open.physical(from))
      await file.sync()
      return { index, position: from, bytes: open.end - from, removed: false, ...(savedAs && { savedAs }) }
    }
    case 'unfinished': {
      const savedAs = await saveCut(open, header.trimOffset, parts)
      return { index, position: 0, bytes: open.end - header.trimOffset, removed: true, ...(savedAs && { savedAs }) }
    }
    case 'damaged':
      throw new VarveError(
        'CORRUPT',
        `open: ${open.name} is damaged from position ${verdict.from} on, before ${verdict.next}, where a block says that those bytes were durable; nothing was changed. Open it with readOnly to read what is intact`,
      )
  }
}

/** After a clean stop this is all that is read of another file: that the two are of one store. Damage to its header is told where it is used. */
async function refuseForeign(before: number | undefined, { storeId }: FileHeader, parts: RecoveryParts): Promise<0> {
  if (before === undefined) return 0
  try {
    await readFileHeader(before, parts, storeId)
  } catch (error) {
    if (!VarveError.is(error) || (error.code !== 'CORRUPT' && error.code !== 'UNSUPPORTED')) throw error
  }
  return 0
}

/** The latest time that the file before this one knows; a file without blocks has none of its own. */
async function timeBefore(before: number | undefined, header: FileHeader, { backend, naming, genesis }: RecoveryParts): Promise<number> {
  if (before === undefined) return 0
  const name = naming.dataFile(before)
  const file = await backend.open(name)
  try {
    const earlier = checkFileHeader(name, await readHead(file), before, genesis, header.storeId)
    const last = await readLastBlock(new OpenFile(name, file, earlier, await file.size()), storeSeedOf(header.storeId))
    return last?.timestamp ?? 0
  } finally {
    await file.close()
  }
}
