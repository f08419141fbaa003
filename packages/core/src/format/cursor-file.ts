import { platform } from '#platform'
import { STORE_ID_BYTES } from './file-header.js'

export const CURSOR_BYTES = 64
const CURSOR_VERSION = 1
const MAGIC = Uint8Array.of(0x89, 0x56, 0x41, 0x52, 0x56, 0x43, 0x0d, 0x0a)

/** What the file of a cursor says. */
export interface CursorState {
  readonly storeId: Uint8Array
  /** The sequence of the first item that its consumer has not committed. */
  readonly sequence: number
  /** When it was committed, in milliseconds since the Unix epoch. */
  readonly timestamp: number
}

/** Why bytes are no cursor of this version and name. */
export type CursorFault = 'damaged' | 'version'

/** The bytes of a cursor's file. Its name is in the checksum: under another one the file is damaged. */
export function encodeCursor(name: string, { storeId, sequence, timestamp }: CursorState): Uint8Array {
  const bytes = new Uint8Array(CURSOR_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC, 0)
  view.setUint16(8, CURSOR_VERSION, true)
  view.setUint16(10, CURSOR_BYTES, true)
  bytes.set(storeId, 12)
  view.setBigUint64(28, BigInt(sequence), true)
  view.setBigUint64(36, BigInt(timestamp), true)
  view.setInt32(60, checksumOf(name, bytes), true)
  return bytes
}

export function decodeCursor(name: string, bytes: Uint8Array): CursorState | CursorFault {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 12 || MAGIC.some((byte, at) => bytes[at] !== byte)) return 'damaged'
  if (bytes.length !== CURSOR_BYTES || view.getInt32(60, true) !== checksumOf(name, bytes))
    return view.getUint16(8, true) > CURSOR_VERSION ? 'version' : 'damaged'
  const [sequence, timestamp] = [view.getBigUint64(28, true), view.getBigUint64(36, true)]
  if (view.getUint16(8, true) > CURSOR_VERSION) return 'version'
  const isPlain = view.getUint16(8, true) === CURSOR_VERSION && view.getUint16(10, true) === CURSOR_BYTES
  const isRestZero = bytes.subarray(44, 60).every((byte) => byte === 0)
  if (!isPlain || !isRestZero || sequence > MOST || timestamp > MOST) return 'damaged'
  return { storeId: bytes.slice(12, 12 + STORE_ID_BYTES), sequence: Number(sequence), timestamp: Number(timestamp) }
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER)

function checksumOf(name: string, bytes: Uint8Array): number {
  return platform.crc32(bytes, platform.crc32(new TextEncoder().encode(name), 0), 0, 60)
}
