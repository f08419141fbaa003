import { platform } from '#platform'
import { addToDigest, RECORD_HEADER_BYTES, type RecordState, recordSeed, stateOf, storedChecksum } from '../format/record.js'
import { type PlacedBlock, recordSizeAt } from './block-cursor.js'
import type { FileWindow } from './file-window.js'

/** A record as its block's bytes say, and whether its own checksum agrees. */
export interface CheckedRecord {
  readonly position: number
  readonly size: number
  /** The checksum that its header says. */
  readonly crc: number
  readonly state: RecordState
}

/**
 * Reads a whole block and says whether it is valid: its records fill its length exactly, as many as its header says, every checksum
 * is right, and the digest is. Never holds more than a window, however large an item is. Names each record to `visit`, up to where the records' lengths lead astray.
 */
export async function isBlockValid(
  window: FileWindow,
  block: PlacedBlock,
  storeSeed: number,
  visit?: (record: CheckedRecord) => void,
): Promise<boolean> {
  const { losses: hasLosses = false } = block.header
  let digest = storeSeed
  let count = 0
  let valid = true
  for (let position = block.start; position < block.end; ) {
    if (position + RECORD_HEADER_BYTES > block.end) return false
    if (!window.has(position, RECORD_HEADER_BYTES) && !(await window.load(position, RECORD_HEADER_BYTES))) return false
    const size = recordSizeAt(window, position, block.end)
    if (size === undefined) return false
    const crc = storedChecksum(window.bytes, window.offset(position))
    const payload = position + RECORD_HEADER_BYTES
    const seed = recordSeed(size, storeSeed)
    const at = window.offset(payload)
    // Small records lie in the window as a rule: no promise is made for them.
    const actual = window.has(payload, size) ? platform.crc32(window.bytes, seed, at, at + size) : await crcOf(window, payload, size, seed)
    const state = actual === undefined ? 'damaged' : stateOf(crc, actual, hasLosses)
    visit?.({ position, size, crc, state })
    valid &&= state !== 'damaged'
    digest = addToDigest(digest, size, crc)
    count++
    position = payload + size
  }
  return valid && count === block.header.count && digest === block.header.digest
}

/** The record at `position` of a block that ends at `end`, or undefined where none can stand there. */
export async function checkRecordAt(
  window: FileWindow,
  position: number,
  end: number,
  storeSeed: number,
  hasLosses: boolean,
): Promise<CheckedRecord | undefined> {
  if (position + RECORD_HEADER_BYTES > end) return undefined
  if (!window.has(position, RECORD_HEADER_BYTES) && !(await window.load(position, RECORD_HEADER_BYTES))) return undefined
  const size = recordSizeAt(window, position, end)
  if (size === undefined) return undefined
  const crc = storedChecksum(window.bytes, window.offset(position))
  const actual = await crcOf(window, position + RECORD_HEADER_BYTES, size, recordSeed(size, storeSeed))
  return { position, size, crc, state: actual === undefined ? 'damaged' : stateOf(crc, actual, hasLosses) }
}

/** The checksum of the bytes there, or undefined where the file ends before them. */
async function crcOf(window: FileWindow, position: number, length: number, seed: number): Promise<number | undefined> {
  let crc = seed
  for (let at = position; at < position + length; ) {
    if (!window.has(at, 1) && !(await window.load(at, 1))) return undefined
    const from = window.offset(at)
    const to = Math.min(window.bytes.length, window.offset(position + length))
    crc = platform.crc32(window.bytes, crc, from, to)
    at += to - from
  }
  return crc
}
