import { platform } from '#platform'
import { shiftCrc32 } from '../platform/crc32-shift.js'
import { crc32OfUint32 } from '../platform/crc32-table.js'

export const RECORD_HEADER_BYTES = 8
/** The length of the shortest record: a header and one byte. */
export const LEAST_RECORD_BYTES = RECORD_HEADER_BYTES + 1

/** Frames `data` as a record at `at`; the target has the room. Returns the record's checksum: of the copy, so that a caller who changes its buffer meanwhile does no harm. */
export function writeRecord(target: Uint8Array, at: number, data: Uint8Array, storeSeed: number): number {
  const size = data.length
  target.set(data, at + RECORD_HEADER_BYTES)
  return completeRecord(target, at, size, storeSeed)
}

/** Gives the record at `at`, whose payload is there, its header, and returns its checksum. */
export function completeRecord(target: Uint8Array, at: number, size: number, storeSeed: number): number {
  const start = at + RECORD_HEADER_BYTES
  const crc = platform.crc32(target, crc32OfUint32(size, storeSeed), start, start + size)
  writeRecordHeader(target, at, size, crc)
  return crc
}

export function writeRecordHeader(target: Uint8Array, at: number, size: number, crc: number): void {
  writeUint32(target, at, size)
  writeUint32(target, at + 4, crc)
}

/** What the checksum of a record's payload continues from. */
export function recordSeed(size: number, storeSeed: number): number {
  return crc32OfUint32(size, storeSeed)
}

/** Adds a record's header to the digest of its block. A block's digest starts from the store seed. */
export function addToDigest(digest: number, size: number, crc: number): number {
  return crc32OfUint32(crc, crc32OfUint32(size, digest))
}

/** Whether the record at `at`, which lies whole in `bytes`, has the checksum it says. */
export function isRecordIntact(bytes: Uint8Array, at: number, size: number, storeSeed: number): boolean {
  const start = at + RECORD_HEADER_BYTES
  return storedChecksum(bytes, at) === platform.crc32(bytes, crc32OfUint32(size, storeSeed), start, start + size)
}

/**
 * What the checksum of a run of whole records is up to the end of the one at `at`, if that is intact and `joint` is what it is up to its beginning. Their own checksums tell it without a look at their payloads, as checksums are linear; so a single one over
 * all of the run's bytes proves each of them, at a fraction of the cost where they are small. The run's begins as 0.
 */
export function jointChecksum(joint: number, size: number, crc: number, storeSeed: number): number {
  const header = crc32OfUint32(crc, crc32OfUint32(size, joint))
  return shiftCrc32(header ^ crc32OfUint32(size, storeSeed), size) ^ crc
}

/** What the record at `at`, which lies whole in `bytes`, is. Only a block that says so has lost ones. */
export function recordState(bytes: Uint8Array, at: number, size: number, storeSeed: number, hasLosses: boolean): RecordState {
  const start = at + RECORD_HEADER_BYTES
  return stateOf(storedChecksum(bytes, at), platform.crc32(bytes, crc32OfUint32(size, storeSeed), start, start + size), hasLosses)
}

/** What a record is whose header has the checksum `stored`, and whose payload has the checksum `actual`. */
export function stateOf(stored: number, actual: number, hasLosses: boolean): RecordState {
  if (stored === actual) return 'intact'
  return hasLosses && stored === lostChecksum(actual) ? 'lost' : 'damaged'
}

/** `lost`: a repair put it there, in place of a record of which nothing is left but its place and its number. */
export type RecordState = 'intact' | 'lost' | 'damaged'

/** The checksum of a lost record, from what it would be for an item of the same bytes. */
export function lostChecksum(crc: number): number {
  return ~crc
}

/** The checksum that the header of the record at `at` says. */
export function storedChecksum(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + 4)
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at) >>> 0
}

export function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
