import { platform } from '#platform'
import { backendFailure, VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES, recordSeed, storedChecksum } from '../format/record.js'
import { checkLocation, formatLocation, type Location } from '../location.js'
import { KiB } from '../options.js'
import type { FileSet } from './file-set.js'
import { isTrimmedAway, type OpenFile, sameBytes } from './open-file.js'
import { readBytes } from './read-bytes.js'
import { ELSEWHERE, type Reader } from './reader.js'

const PIECE = 256 * KiB

export interface ReadStreamOptions {
  /** The first byte of the item to give, 0 by default. */
  readonly start?: number
  /** The byte to stop before; by default the item's end. */
  readonly end?: number
  readonly signal?: AbortSignal
}

interface Range {
  readonly start: number
  readonly end: number
}

/** A stream of the item's bytes that never holds more than a piece; undefined where nothing is stored. */
export async function readStream(
  files: FileSet,
  reader: Reader,
  location: Location,
  options: ReadStreamOptions,
): Promise<ReadableStream<Uint8Array> | undefined> {
  checkLocation(location)
  const range = rangeOf(location, options)
  const { signal } = options
  signal?.throwIfAborted()
  const inMemory = reader.fromMemory(location)
  if (inMemory === undefined) return undefined
  const pieces = inMemory === ELSEWHERE ? await fromFile(files, reader, location, range, signal) : slices(inMemory, range, signal)
  return pieces && streamOf(pieces)
}

function rangeOf({ size }: Location, { start = 0, end = size }: ReadStreamOptions): Range {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end > size || start > end) {
    throw new VarveError(
      'INVALID_OPTION',
      `readStream: start is ${start} and end ${end}; allowed: whole numbers with 0 <= start <= end <= ${size}, the item's size`,
    )
  }
  return { start, end }
}

async function* slices(item: Uint8Array, { start, end }: Range, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += PIECE) {
    signal?.throwIfAborted()
    yield item.slice(at, Math.min(end, at + PIECE))
  }
}

/** Undefined where nothing is stored; otherwise the first look has shown that an item of that size begins there. */
async function fromFile(
  files: FileSet,
  reader: Reader,
  location: Location,
  range: Range,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Uint8Array> | undefined> {
  const head = new Uint8Array(RECORD_HEADER_BYTES)
  if (!(await reader.readRecordHead(location, head, signal))) return undefined
  return pieces(files, reader, { location, head, seenIn: undefined }, range, signal)
}

/** An item that was found in its file. */
interface FoundItem {
  readonly location: Location
  /** The header of its record. */
  readonly head: Uint8Array
  /** The file it is known to stand in: another one may have taken its place since. */
  seenIn: OpenFile | undefined
}

async function* pieces(
  files: FileSet,
  reader: Reader,
  item: FoundItem,
  { start, end }: Range,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { location, head } = item
  const isWhole = start === 0 && end === location.size
  const expected = storedChecksum(head, 0)
  let crc = recordSeed(location.size, files.identity.storeSeed)
  for (let at = start; at < end; ) {
    const piece = platform.allocateItem(Math.min(PIECE, end - at))
    await reader.limited(signal, () => readPiece(files, item, at, piece))
    at += piece.length
    if (isWhole) crc = platform.crc32(piece, crc)
    if (isWhole && at === end && crc !== expected) throw await whyDamaged(reader, location, signal)
    yield piece
  }
}

/** The error where the bytes that were streamed are not what the record's checksum says. */
async function whyDamaged(reader: Reader, location: Location, signal: AbortSignal | undefined): Promise<unknown> {
  // Throws itself, unless what is there now was cut off since.
  await reader.explain(location, signal)
  return isGone(location)
}

async function readPiece(files: FileSet, item: FoundItem, at: number, piece: Uint8Array): Promise<void> {
  const { location } = item
  const position = location.position + RECORD_HEADER_BYTES + at
  const read = await files.with(location.index, async (open) => {
    try {
      if (open !== item.seenIn && !(await stillStandsIn(open, item))) return 0
      item.seenIn = open
      return await readBytes(open.file, piece, open.physical(position))
    } catch (error) {
      throw backendFailure(`read ${open.name} at position ${position}`, error)
    }
  })
  if (read !== piece.length) throw isGone(location)
}

async function stillStandsIn(open: OpenFile, { location, head }: FoundItem): Promise<boolean> {
  if (isTrimmedAway(open, location.position)) return false
  const found = new Uint8Array(RECORD_HEADER_BYTES)
  const read = await readBytes(open.file, found, open.physical(location.position))
  return read === found.length && sameBytes(found, head)
}

function isGone(location: Location): VarveError {
  return new VarveError(
    'INVALID_LOCATION',
    `readStream ${formatLocation(location)}: the item was trimmed or dropped while it was being read`,
  )
}

function streamOf(pieces: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await pieces.return(undefined)
      },
    },
    // Nothing is read before somebody asks for it.
    { highWaterMark: 0 },
  )
}
