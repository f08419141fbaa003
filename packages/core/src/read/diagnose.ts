import { platform } from '#platform'
import { VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES, type BlockHeader } from '../format/block-header.js'
import { addToDigest, RECORD_HEADER_BYTES, recordSeed, stateOf, storedChecksum } from '../format/record.js'
import { formatLocation, type Location } from '../location.js'
import { BlockCursor, type PlacedBlock, recordSizeAt } from './block-cursor.js'
import type { FileBeginning } from './file-beginning.js'
import type { FileWindow } from './file-window.js'
import { isProven } from './find-header.js'
import { isZero } from './is-zero.js'
import type { Loading } from './loads.js'
import { isTrimmedAway, type OpenFile } from './open-file.js'

/** What is known of where a file stands in its store. */
export interface Standing {
  /** It is the last one, and another process may be writing to it. */
  readonly tailMayBeTorn: boolean
  /** Whether the store goes on in another file, so that this one ends in a closing block, and with what, as far as that is known. */
  readonly goesOn: boolean | FileBeginning
}

/**
 * Why the bytes at a location are not its item: returns where there is nothing and never was, or no more; throws `INVALID_LOCATION` where no
 * item of that size starts there, and `CORRUPT` where one does, or where damage hides whether one does. Goes through the file from its beginning: it is the way of the error.
 */
export function* diagnose(window: FileWindow, location: Location, storeSeed: number, { tailMayBeTorn, goesOn }: Standing): Loading<void> {
  const { open } = window
  const cursor = new BlockCursor(window, storeSeed)
  const { position } = location
  for (let block = yield* cursor.nextLoading(); block; block = yield* cursor.nextLoading()) {
    if (position < block.start) {
      // Where a file ends in a closing block, an item may have been before a trim. Space that was taken ahead may follow.
      if (block.header.close && (yield* isRestZero(window, block.end))) return yield* explainEnd(window, location, storeSeed, goesOn)
      throw invalid(open, location, `a block header is at position ${block.position}`)
    }
    if (position >= block.end) continue
    yield* diagnoseInBlock(window, block, location, storeSeed)
    // A header alone does not make a block: the rest of a write may still be on its way, or never have come.
    if (tailMayBeTorn && !(yield* isProven(window, block.position, storeSeed))) return
    throw damaged(open, location, `in the block from position ${block.position} to ${block.end}: the record's checksum is wrong`)
  }
  if (yield* isRestZero(window, cursor.position)) return yield* explainEnd(window, location, storeSeed, goesOn)
  if (tailMayBeTorn && !(yield* isProven(window, cursor.position, storeSeed))) return
  throw damaged(open, location, `at position ${cursor.position}: a block header was expected there`)
}

/** Returns where the block is damaged. What the lengths of its records say is believed only if all of them are intact. */
function* diagnoseInBlock(window: FileWindow, block: PlacedBlock, location: Location, storeSeed: number): Loading<void> {
  const { open } = window
  const { count, digest, losses } = block.header
  let records = 0
  let found = storeSeed
  let why: string | undefined
  for (let position = block.start; position + RECORD_HEADER_BYTES <= block.end; ) {
    if (!window.has(position, RECORD_HEADER_BYTES) && !(yield { position, least: RECORD_HEADER_BYTES })) return
    const size = recordSizeAt(window, position, block.end)
    if (size === undefined) return
    found = addToDigest(found, size, storedChecksum(window.bytes, window.offset(position)))
    records++
    const next = position + RECORD_HEADER_BYTES + size
    if (position <= location.position && location.position < next) {
      if (losses && (yield* isLost(window, position, size, storeSeed))) throw lostInRepair(open, location)
      if (position < location.position) why = 'it is inside another item'
      else if (size !== location.size) why = `the item there has ${size} bytes`
    }
    position = next
  }
  if (why && records === count && found === digest) throw invalid(open, location, why)
}

/** Whether a repair put the record there in place of a lost one. The window holds its header. */
function* isLost(window: FileWindow, position: number, size: number, storeSeed: number): Loading<boolean> {
  const stored = storedChecksum(window.bytes, window.offset(position))
  const end = position + RECORD_HEADER_BYTES + size
  let crc = recordSeed(size, storeSeed)
  for (let at = position + RECORD_HEADER_BYTES; at < end; ) {
    if (!window.has(at, 1) && !(yield { position: at, least: 1 })) return false
    const to = Math.min(window.end, end)
    crc = platform.crc32(window.bytes, crc, window.offset(at), window.offset(to))
    at = to
  }
  return stateOf(stored, crc, true) === 'lost'
}

/**
 * Why nothing is at a location behind a file's end: returns where nothing ever was; throws `CORRUPT` where the file lost its end, or did so before
 * a repair.
 */
export function* explainEnd(window: FileWindow, location: Location, storeSeed: number, goesOn: Standing['goesOn']): Loading<void> {
  const { open } = window
  if (isTrimmedAway(open, location.position)) return
  refuseLost(open, location)
  if (goesOn === false) return
  const closedAt = yield* lastClose(window, storeSeed)
  if (closedAt === undefined) throw damaged(open, location, `at position ${open.end}: it ends there without a closing block`)
  // The closing block may be that of an earlier stop.
  if (goesOn !== true && !goesOn.isTrimmed && goesOn.sequence > closedAt)
    throw damaged(open, location, `at position ${open.end}: the items of sequence ${closedAt} to ${goesOn.sequence - 1} are missing`)
}

/** The sequence in the closing block that ends the file; undefined where none does. */
function* lastClose(window: FileWindow, storeSeed: number): Loading<number | undefined> {
  const { open } = window
  const at = new BlockCursor(window, storeSeed, Math.max(open.header.trimOffset, open.end - BLOCK_HEADER_BYTES))
  const close = (yield* at.nextLoading())?.header
  if (close?.close) return close.sequence
  // There may be zeros behind it.
  const cursor = new BlockCursor(window, storeSeed)
  let last: BlockHeader | undefined
  for (let block = yield* cursor.nextLoading(); block; block = yield* cursor.nextLoading()) last = block.header
  return last?.close ? last.sequence : undefined
}

/** `CORRUPT` where a repair found that the file had lost its end: what is not there may have been. */
function refuseLost(open: OpenFile, location: Location): void {
  if (open.header.lost) throw lostInRepair(open, location)
}

function lostInRepair(open: OpenFile, location: Location): VarveError {
  return new VarveError('CORRUPT', `read ${formatLocation(location)}: what was there in ${open.name} was lost in a repair`)
}

function damaged(open: OpenFile, location: Location, where: string): VarveError {
  return new VarveError('CORRUPT', `read ${formatLocation(location)}: ${open.name} is damaged ${where}`)
}

/** Whether the file holds nothing but zeros from `position` on: space that was never written. */
export function* isRestZero(window: FileWindow, position: number): Loading<boolean> {
  for (let at = position; at < window.open.end; at = window.end) {
    if (!(yield { position: at, least: 1 })) return true
    if (!isZero(window.bytes)) return false
  }
  return true
}

export function invalid(open: { readonly name: string }, location: Location, why: string): VarveError {
  return new VarveError(
    'INVALID_LOCATION',
    `read ${formatLocation(location)}: no item of ${location.size} bytes starts there in ${open.name}; ${why}`,
  )
}
