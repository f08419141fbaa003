import { platform } from '#platform'
import { blockSeedOf } from './checksum.js'
import { FlippedBits, flipped } from './flipped-bit.js'
import { LEAST_RECORD_BYTES, readInt32 } from './record.js'

export const BLOCK_HEADER_BYTES = 44
/** `VBLK`, read as a little-endian number. */
export const BLOCK_MAGIC = 0x4b4c4256

const FLAG_CONTINUES = 1
const FLAG_CLOSE = 2
const FLAG_LOSSES = 4
const FLAGS = FLAG_CONTINUES | FLAG_CLOSE | FLAG_LOSSES

/** What stands before a block's records. */
export interface BlockHeader {
  /** The group goes on in the next block, here or in the next file. */
  readonly continues: boolean
  /** An empty block, written last by a clean stop and before rotation. */
  readonly close: boolean
  /** A repair put lost records in place of some of its records. */
  readonly losses?: boolean
  /** Bytes of records that follow. */
  readonly length: number
  /** Records that follow. */
  readonly count: number
  /** Sequence of the first record. */
  readonly sequence: number
  /** When the block was sealed, in milliseconds since the Unix epoch; never less than the block before. */
  readonly timestamp: number
  /** Every byte of the file before this position was synced before this block was written. */
  readonly durablePosition: number
  /** CRC-32 of the record headers in order, as a signed 32-bit number. */
  readonly digest: number
}

/** Where a block stands, which is part of its header's checksum. */
export interface BlockPlace {
  readonly storeSeed: number
  readonly index: number
  readonly position: number
}

export function writeBlockHeader(target: Uint8Array, at: number, header: BlockHeader, place: BlockPlace): void {
  const view = new DataView(target.buffer, target.byteOffset + at, BLOCK_HEADER_BYTES)
  view.setUint32(0, BLOCK_MAGIC, true)
  view.setUint32(4, (header.continues ? FLAG_CONTINUES : 0) | (header.close ? FLAG_CLOSE : 0) | (header.losses ? FLAG_LOSSES : 0), true)
  view.setUint32(8, header.length, true)
  view.setUint32(12, header.count, true)
  view.setBigUint64(16, BigInt(header.sequence), true)
  view.setBigUint64(24, BigInt(header.timestamp), true)
  view.setUint32(32, header.durablePosition, true)
  view.setInt32(36, header.digest, true)
  const seed = blockSeedOf(place.storeSeed, place.index, place.position)
  view.setInt32(40, platform.crc32(target, seed, at, at + 40), true)
}

export function encodeBlockHeader(header: BlockHeader, place: BlockPlace): Uint8Array {
  const bytes = new Uint8Array(BLOCK_HEADER_BYTES)
  writeBlockHeader(bytes, 0, header, place)
  return bytes
}

/** The header at `at`, or undefined where the bytes there are no block header of that place. */
export function readBlockHeader(bytes: Uint8Array, at: number, place: BlockPlace): BlockHeader | undefined {
  if (at + BLOCK_HEADER_BYTES > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_HEADER_BYTES)
  if (view.getUint32(0, true) !== BLOCK_MAGIC) return undefined
  const seed = blockSeedOf(place.storeSeed, place.index, place.position)
  if (platform.crc32(bytes, seed, at, at + 40) !== view.getInt32(40, true)) return undefined
  const flags = view.getUint32(4, true)
  const header: BlockHeader = {
    continues: (flags & FLAG_CONTINUES) !== 0,
    close: (flags & FLAG_CLOSE) !== 0,
    ...((flags & FLAG_LOSSES) !== 0 && { losses: true }),
    length: view.getUint32(8, true),
    count: view.getUint32(12, true),
    sequence: Number(view.getBigUint64(16, true)),
    timestamp: Number(view.getBigUint64(24, true)),
    durablePosition: view.getUint32(32, true),
    digest: view.getInt32(36, true),
  }
  return flags <= FLAGS && isPlausible(header, place.position) ? header : undefined
}

let flippedBits: FlippedBits | undefined

/** The header that stood at `at` before one single bit of it was flipped; undefined where that does not explain what stands there. */
export function correctBlockHeader(bytes: Uint8Array, at: number, place: BlockPlace): BlockHeader | undefined {
  if (at + BLOCK_HEADER_BYTES > bytes.length) return undefined
  const header = bytes.subarray(at, at + BLOCK_HEADER_BYTES)
  const expected = platform.crc32(header, blockSeedOf(place.storeSeed, place.index, place.position), 0, 40)
  flippedBits ??= new FlippedBits(40)
  const bit = flippedBits.find(expected ^ readInt32(header, 40))
  return bit && readBlockHeader(flipped(header, bit), 0, place)
}

// A header with a right checksum can still be a forgery: nothing may be computed with it that leads astray.
function isPlausible(header: BlockHeader, position: number): boolean {
  return (
    Number.isSafeInteger(header.sequence + header.count) &&
    Number.isSafeInteger(header.timestamp) &&
    header.durablePosition <= position &&
    (header.close
      ? header.length === 0 && header.count === 0 && !header.losses
      : header.count > 0 && header.length >= header.count * LEAST_RECORD_BYTES)
  )
}
