import { platform } from '#platform'
import { VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES, encodeBlockHeader } from '../format/block-header.js'
import { encodeFileHeader, type FileHeader } from '../format/file-header.js'
import {
  addToDigest,
  LEAST_RECORD_BYTES,
  lostChecksum,
  RECORD_HEADER_BYTES,
  recordSeed,
  storedChecksum,
  writeRecordHeader,
} from '../format/record.js'
import { KiB, MiB } from '../options.js'
import { recordSizeAt } from '../read/block-cursor.js'
import { isRestZero } from '../read/diagnose.js'
import { examineBlock } from '../read/examined-block.js'
import { FileSurvey, type FileSurveyParts, type SurveyedBlock } from '../read/file-survey.js'
import { FileWindow } from '../read/file-window.js'
import { run } from '../read/loads.js'
import type { OpenFile } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import type { LostRegion, Salvaged } from '../read/salvage.js'
import type { Stretch } from './quarantine.js'
import { bytesOf, closing } from './rewrite-file.js'

export interface RebuildParts extends FileSurveyParts {
  /** Whether the store goes on in another file: then this one is to end in a closing block. */
  readonly isComplete: boolean
  /** What the file's header is to be. */
  readonly header: FileHeader
  /** Whether a transaction goes on in the next file. */
  readonly continues: boolean
}

/**
 * The file with valid bytes in place of what is damaged. No intact item is touched and none moves: records that can't be made out become lost
 * records of the same length together, damaged block headers are made anew from what stands behind them, and what follows the last block goes.
 */
export async function* rebuiltFile(open: OpenFile, parts: RebuildParts): AsyncGenerator<Uint8Array> {
  const { storeSeed, isComplete, header, continues } = parts
  yield encodeFileHeader(header)
  const window = new FileWindow(open, MiB)
  const survey = new FileSurvey(window, parts)
  /** What can be taken over as it is, and is not yet. */
  let from = header.trimOffset
  let end = from
  for (let block = await survey.next(); block; block = await survey.next()) {
    const { salvaged } = await examineBlock(window, block, storeSeed)
    if (block.isHeaderIntact && !salvaged) {
      end = block.end
      continue
    }
    yield* bytesOf(open, from, block.position)
    if (salvaged?.count !== 0) yield* rebuiltBlock(window, block, salvaged, storeSeed)
    // A block of which nothing is left, at the file's end, leaves nothing behind.
    end = salvaged?.count === 0 ? block.position : (salvaged?.end ?? block.end)
    from = salvaged?.count === 0 ? block.position : end
  }
  if (from < end) yield* bytesOf(open, from, end)
  if (!isComplete) return
  const next = await parts.next()
  const sequence = Math.max(survey.sequence, next?.sequence ?? 0)
  // A closing block may be that of an earlier stop, with blocks missing behind it.
  if (survey.isClosed && (sequence === survey.sequence || next?.isTrimmed)) return
  yield encodeBlockHeader(
    { ...closing(end, sequence, survey.timestamp, storeSeed), continues },
    { storeSeed, index: open.index, position: end },
  )
}

async function* rebuiltBlock(
  window: FileWindow,
  block: SurveyedBlock,
  salvaged: Salvaged | undefined,
  storeSeed: number,
): AsyncGenerator<Uint8Array> {
  const { index, position, start, header } = block
  const place = { storeSeed, index, position }
  if (!header.close && header.count === 0) throw notMade(window.open, position, 'no block can have stood there')
  if (header.close || !salvaged) {
    yield encodeBlockHeader(header, place)
    if (block.end > start) yield* bytesOf(window.open, start, block.end)
    return
  }
  const { lost, count, end, earlier } = salvaged
  for (const region of lost) checkRoom(window.open, region)
  if (count === 0 || end <= start) throw notMade(window.open, position, 'it is not known what stood there')
  const digest = await digestAround(window, start, end, lost, storeSeed)
  const losses = lost.length > 0 || earlier > 0 || header.losses === true
  yield encodeBlockHeader({ ...header, length: end - start, count, digest, ...(losses && { losses }) }, place)
  let at = start
  for (const region of lost) {
    yield* bytesOf(window.open, at, region.from)
    for (const size of lostSizes(region)) yield* lostRecord(size, storeSeed)
    at = region.to
  }
  yield* bytesOf(window.open, at, end)
}

function checkRoom(open: OpenFile, { from, to, count }: LostRegion): void {
  if (to - from < count * LEAST_RECORD_BYTES) throw notMade(open, from, `${count} records can't have stood in ${to - from} bytes`)
}

function notMade(open: OpenFile, position: number, why: string): VarveError {
  return new VarveError('CORRUPT', `repair: ${open.name} can't be made whole at position ${position}: ${why}`)
}

/** As many records as were lost: all as small as can be but the last, which takes the rest. */
function lostSizes({ from, to, count }: LostRegion): number[] {
  const sizes = new Array<number>(count - 1).fill(1)
  return [...sizes, to - from - (count - 1) * LEAST_RECORD_BYTES - RECORD_HEADER_BYTES]
}

const ZEROS = new Uint8Array(64 * KiB)

function* zeros(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS
}

function lostCrc(size: number, storeSeed: number): number {
  let crc = recordSeed(size, storeSeed)
  for (const piece of zeros(size)) crc = platform.crc32(piece, crc)
  return lostChecksum(crc)
}

function* lostRecord(size: number, storeSeed: number): Generator<Uint8Array> {
  const head = new Uint8Array(RECORD_HEADER_BYTES)
  writeRecordHeader(head, 0, size, lostCrc(size, storeSeed))
  yield head
  yield* zeros(size)
}

/** The digest of the block's records as they will be. */
async function digestAround(
  window: FileWindow,
  start: number,
  end: number,
  lost: readonly LostRegion[],
  storeSeed: number,
): Promise<number> {
  let digest = storeSeed
  let next = 0
  for (let position = start; position < end; ) {
    const region = lost[next]
    if (region?.from === position) {
      for (const size of lostSizes(region)) digest = addToDigest(digest, size, lostCrc(size, storeSeed))
      position = region.to
      next++
      continue
    }
    if (!window.has(position, RECORD_HEADER_BYTES)) await window.load(position, RECORD_HEADER_BYTES)
    const size = recordSizeAt(window, position, end)
    if (size === undefined) throw notMade(window.open, position, 'it changed while it was being read')
    digest = addToDigest(digest, size, storedChecksum(window.bytes, window.offset(position)))
    position += RECORD_HEADER_BYTES + size
  }
  return digest
}

/** Where a file of `size` bytes holds something else than {@link rebuiltFile} would make of it. */
export async function changesOf(open: OpenFile, size: number, parts: RebuildParts): Promise<Stretch[]> {
  const changes: { readonly offset: number; length: number }[] = []
  const change = (from: number, to: number): void => {
    const last = changes[changes.length - 1]
    // What is so near belongs together, as the fields of a header do.
    if (last && from - (last.offset + last.length) < BLOCK_HEADER_BYTES) last.length = to - last.offset
    else changes.push({ offset: from, length: to - from })
  }
  let offset = 0
  for await (const piece of inPieces(rebuiltFile(open, parts))) {
    const before = new Uint8Array(piece.length)
    const read = await readBytes(open.file, before, offset)
    for (let at = 0; at < read; at++) if (piece[at] !== before[at]) change(offset + at, offset + at + 1)
    offset += piece.length
  }
  const window = new FileWindow(open, MiB)
  if (offset < size && !(await run(window, isRestZero(window, open.logical(offset))))) change(offset, size)
  return changes
}

/** What stands for a file that is lost: its items read as lost, and its index is not used again. */
export async function* lostFile(
  header: FileHeader,
  endSequence: number,
  timestamp: number,
  storeSeed: number,
  continues: boolean,
): AsyncGenerator<Uint8Array> {
  yield encodeFileHeader({ ...header, trimOffset: 0, dropped: false, lost: true })
  yield encodeBlockHeader({ ...closing(0, endSequence, timestamp, storeSeed), continues }, { storeSeed, index: header.index, position: 0 })
}

/** The same bytes in pieces of one size: a backend is not to be called for every record. */
export async function* inPieces(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MiB)
  let used = 0
  for await (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(part.length - at, piece.length - used)
      piece.set(part.subarray(at, at + taken), used)
      at += taken
      used += taken
      if (used < piece.length) continue
      yield piece
      used = 0
    }
  }
  if (used > 0) yield piece.subarray(0, used)
}
