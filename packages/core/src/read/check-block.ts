import { platform } from '#platform'
import { addToDigest, RECORD_HEADER_BYTES, readUint32, recordSeed } from '../format/record.js'
import { loadRecordHeader, type PlacedBlock, recordSizeAt } from './block-cursor.js'
import type { FileWindow } from './file-window.js'

/** A record as its block's bytes say, and whether its own checksum agrees. */
export interface CheckedRecord {
  readonly position: number
  readonly size: number
  readonly intact: boolean
}

/**
 * Reads a whole block and says whether it is valid: its records fill its length exactly, as many as its header says, every checksum
 * is right, and the digest is. Never holds more than a window, however large an item is. Names each record to `visit`, up to where the records' lengths lead astray.
 */
export async function isBlockValid(
  window: FileWindow,
  block: PlacedBlock,
  storeSeed: number,
  visit: (record: CheckedRecord) => void = () => {},
): Promise<boolean> {
  let digest = storeSeed
  let count = 0
  let valid = true
  let position = block.start
  while (position < block.end) {
    if (!(await loadRecordHeader(window, position, block.end))) return false
    const size = recordSizeAt(window, position, block.end)
    if (size === undefined) return false
    const crc = readUint32(window.bytes, window.offset(position) + 4)
    const intact = (await crcOf(window, position + RECORD_HEADER_BYTES, size, recordSeed(size, storeSeed))) === crc
    visit({ position, size, intact })
    valid &&= intact
    digest = addToDigest(digest, size, crc)
    count++
    position += RECORD_HEADER_BYTES + size
  }
  return valid && count === block.header.count && digest === block.header.digest
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
