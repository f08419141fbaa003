import { VarveError } from '../errors.js'
import { BlockCursor, HEADER_CHUNK } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import { isRestZero } from './diagnose.js'
import { beginningOfFile } from './file-beginning.js'
import type { ScanStep } from './file-scanner.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import { isProven } from './find-header.js'
import { run } from './loads.js'
import type { OpenFile } from './open-file.js'
import type { Place, ScanSource } from './scan-source.js'

/**
 * `CORRUPT` where a file behind which the store goes on does not end as one does: in a closing block, with nothing missing before the next file. False where there is no file behind it after
 * all: it was never used, or was part of a transaction without its end.
 */
export async function refuseEnd(source: ScanSource, index: number, step: Extract<ScanStep, { kind: 'end' }>): Promise<boolean> {
  const { files, isBesideWriter } = source
  if (!step.isEnd) await refuseDamage(source, index, step.position)
  const next = await beginningOfFile(files, index + 1)
  const { closedAt } = step
  const isRemoved = await files.with(index, async ({ header }) => header.dropped)
  // What was trimmed off the next file is not missed; of a file that can't be used it is its own scan that tells.
  const isAllThere = closedAt !== undefined && (isRemoved || !next || next.isTrimmed || next.sequence <= closedAt)
  if (isAllThere) return true
  if (isBesideWriter && !(await isThere(files, index + 1))) return false
  const detail =
    closedAt === undefined ? 'a closing block was expected there' : `items up to sequence ${next?.sequence} were expected there`
  throw new VarveError('CORRUPT', `scan: ${files.naming.dataFile(index)} is damaged at position ${step.position}: ${detail}`)
}

/**
 * Beside a writer: `CORRUPT` where a transaction that breaks off at `place` can't have its end any more. True where that has to be looked at once more, as the store goes on in another file by now; `before` is the place
 * of the look before, if that was the reason for this one.
 */
export async function refuseBreak(source: ScanSource, place: Place, before: Place | undefined): Promise<boolean> {
  const { files } = source
  await refuseDamage(source, place.index, place.position)
  if (!(await files.exists(place.index + 1))) return false
  if (before?.index !== place.index || before.position !== place.position) return true
  const detail = 'a transaction goes on behind it, and was expected to do so there'
  throw new VarveError('CORRUPT', `scan: ${files.naming.dataFile(place.index)} is damaged at position ${place.position}: ${detail}`)
}

/** `CORRUPT` where what stands at `position` is neither the end of a write that is under way nor space that was never written. */
export async function refuseDamage(source: ScanSource, index: number, position: number): Promise<void> {
  const { files } = source
  const { storeSeed } = files.identity
  await files.with(index, async (open) => {
    const window = new FileWindow(open, HEADER_CHUNK)
    if (await run(window, isRestZero(window, position))) return
    if (source.isBesideWriter && index >= source.lastIndex) {
      if (!(await run(window, isProven(window, position, storeSeed)))) return
      // The writer may have gone on between the look at the place and the look at what is behind it.
      if (await isBlockAt(open, position, storeSeed)) return
    }
    const block = await new BlockCursor(window, storeSeed, position).next()
    const detail = block ? 'the records of the block there are not those that its header tells of' : 'a block header was expected there'
    throw new VarveError('CORRUPT', `scan: ${open.name} is damaged at position ${position}: ${detail}`)
  })
}

async function isThere(files: FileSet, index: number): Promise<boolean> {
  await files.forget(index)
  // One that can't be used is there all the same.
  return (await files.with(index, async () => true).catch(() => true)) ?? false
}

async function isBlockAt(open: OpenFile, position: number, storeSeed: number): Promise<boolean> {
  const window = new FileWindow(open, HEADER_CHUNK)
  const block = await new BlockCursor(window, storeSeed, position).next()
  return block !== undefined && (await isBlockValid(window, block, storeSeed))
}
