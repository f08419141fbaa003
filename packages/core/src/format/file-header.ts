import { platform } from '#platform'
import { FlippedBits, flipped } from './flipped-bit.js'
import { readInt32, readUint32 } from './record.js'

export const FILE_HEADER_BYTES = 64
export const FORMAT_VERSION = 1
export const STORE_ID_BYTES = 16

// \x89VARVE\r\n: a copy in text mode breaks it visibly.
const MAGIC = Uint8Array.of(0x89, 0x56, 0x41, 0x52, 0x56, 0x45, 0x0d, 0x0a)
const FLAG_DROPPED = 1
const FLAG_LOST = 2
const FLAG_ENDED = 4

/** The first 64 bytes of a data file. */
export interface FileHeader {
  /** The application's own mark, 4 bytes. */
  readonly genesis: Uint8Array
  /** Random at creation, 16 bytes, the same in every file of the store. */
  readonly storeId: Uint8Array
  readonly index: number
  /** The logical position of the first byte behind this header. */
  readonly trimOffset: number
  /** The sequence of the first record that the file may hold. */
  readonly sequence: number
  /** Where the group began that is open at the file's first byte; the file's own index where none is. */
  readonly groupStart: { readonly index: number; readonly position: number }
  /** The file is the stub of a dropped one. */
  readonly dropped: boolean
  /** The file lost its end, or all it had, in a repair: what is not found in it may have been there once. Never of a dropped one. */
  readonly lost?: boolean
  /** The file's end was trimmed away: nothing goes behind it any more, as its positions were used. Never of a dropped one. */
  readonly ended?: boolean
}

/** Why 64 bytes are no header of this version. */
export type FileHeaderFault = 'short' | 'magic' | 'version' | 'checksum' | 'fields'

export function encodeFileHeader(header: FileHeader): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC, 0)
  view.setUint16(8, FORMAT_VERSION, true)
  view.setUint16(10, FILE_HEADER_BYTES, true)
  bytes.set(header.genesis, 12)
  bytes.set(header.storeId, 16)
  view.setUint32(32, header.index, true)
  view.setUint32(36, header.trimOffset, true)
  view.setBigUint64(40, BigInt(header.sequence), true)
  view.setUint32(48, header.groupStart.index, true)
  view.setUint32(52, header.groupStart.position, true)
  view.setUint32(56, header.dropped ? FLAG_DROPPED : (header.lost ? FLAG_LOST : 0) | (header.ended ? FLAG_ENDED : 0), true)
  view.setInt32(60, platform.crc32(bytes, 0, 0, 60), true)
  return bytes
}

export function decodeFileHeader(bytes: Uint8Array): FileHeader | FileHeaderFault {
  if (bytes.length < FILE_HEADER_BYTES) return 'short'
  const view = new DataView(bytes.buffer, bytes.byteOffset, FILE_HEADER_BYTES)
  if (!hasFileMagic(bytes)) return 'magic'
  const version = view.getUint16(8, true)
  // A newer version may keep its checksum elsewhere; it covers the version wherever it is, so what is intact but for the version is a damaged header of this one.
  if (!isIntactAsThisVersion(bytes, version)) return version > FORMAT_VERSION ? 'version' : 'checksum'
  if (version !== FORMAT_VERSION) return 'checksum'
  const sequence = Number(view.getBigUint64(40, true))
  const flags = readFlags(bytes)
  const groupStart = { index: view.getUint32(48, true), position: view.getUint32(52, true) }
  const index = view.getUint32(32, true)
  if (view.getUint16(10, true) !== FILE_HEADER_BYTES || !flags || !Number.isSafeInteger(sequence) || groupStart.index > index) {
    return 'fields'
  }
  return {
    genesis: bytes.slice(12, 16),
    storeId: bytes.slice(16, 32),
    index,
    trimOffset: view.getUint32(36, true),
    sequence,
    groupStart,
    ...flags,
  }
}

/** What the flags of 64 bytes say; undefined where they are none of this version's. */
export function readFlags(bytes: Uint8Array): Pick<FileHeader, 'dropped' | 'lost' | 'ended'> | undefined {
  const flags = readUint32(bytes, 56)
  if (flags !== FLAG_DROPPED && (flags & ~(FLAG_LOST | FLAG_ENDED)) !== 0) return undefined
  return {
    dropped: flags === FLAG_DROPPED,
    ...((flags & FLAG_LOST) !== 0 && { lost: true }),
    ...((flags & FLAG_ENDED) !== 0 && { ended: true }),
  }
}

let flippedBits: FlippedBits | undefined

/** The header that this was before one single bit of it was flipped; undefined where that does not explain it. */
export function correctFileHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES) return undefined
  flippedBits ??= new FlippedBits(60)
  const bit = flippedBits.find(platform.crc32(bytes, 0, 0, 60) ^ readInt32(bytes, 60))
  const header = bit && decodeFileHeader(flipped(bytes.subarray(0, FILE_HEADER_BYTES), bit))
  return typeof header === 'object' ? header : undefined
}

function isIntactAsThisVersion(bytes: Uint8Array, version: number): boolean {
  let header = bytes
  if (version !== FORMAT_VERSION) {
    header = new Uint8Array(bytes.subarray(0, FILE_HEADER_BYTES))
    new DataView(header.buffer).setUint16(8, FORMAT_VERSION, true)
  }
  return platform.crc32(header, 0, 0, 60) === readInt32(header, 60)
}

export function hasFileMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, at) => bytes[at] === byte)
}
