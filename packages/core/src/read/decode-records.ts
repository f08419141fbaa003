import { platform } from '#platform'
import { jointChecksum, RECORD_HEADER_BYTES, readUint32, recordState, storedChecksum } from '../format/record.js'
import type { ScannedItem } from './scan-options.js'

/** A run of bytes that are records of one block. Positions are logical. */
export interface RecordRun {
  readonly bytes: Uint8Array
  /** Where in `bytes` the first record starts, and behind which no more bytes belong to the run. */
  readonly at: number
  readonly end: number
  readonly index: number
  /** The position of the first record, and its sequence. */
  readonly position: number
  readonly sequence: number
  readonly timestamp: number
  /** The block may have lost records. */
  readonly hasLosses?: boolean | undefined
}

export interface DecodedRun {
  readonly items: ScannedItem[]
  /** How many records these were, lost ones included. */
  readonly count: number
  /** Behind the last whole record, as an offset in `bytes`. */
  readonly at: number
  /** The record at `at` is damaged. */
  readonly damaged: boolean
}

/** Decodes whole records, checking each, up to the first one that is cut short by the run's end or damaged. The items are views of the run's bytes; lost records are passed over. */
export function decodeRecords(run: RecordRun, storeSeed: number): DecodedRun {
  return (run.hasLosses ? undefined : decodeTogether(run, storeSeed)) ?? decodeOneByOne(run, storeSeed)
}

/** The same by one checksum over all of them; undefined where that says that not all are intact. */
function decodeTogether(run: RecordRun, storeSeed: number): DecodedRun | undefined {
  const { bytes, end, index, timestamp } = run
  const { buffer, byteOffset } = bytes
  const items: ScannedItem[] = []
  let { at, sequence } = run
  let joint = 0
  const shift = run.position - run.at
  while (at + RECORD_HEADER_BYTES <= end) {
    const size = readUint32(bytes, at)
    const payload = at + RECORD_HEADER_BYTES
    if (size === 0) return undefined
    if (payload + size > end) break
    joint = jointChecksum(joint, size, storedChecksum(bytes, at), storeSeed)
    items.push({
      location: { index, position: shift + at, size },
      data: new Uint8Array(buffer, byteOffset + payload, size),
      sequence,
      timestamp,
    })
    sequence++
    at = payload + size
  }
  if (platform.crc32(bytes, 0, run.at, at) !== joint) return undefined
  return { items, count: sequence - run.sequence, at, damaged: false }
}

function decodeOneByOne(run: RecordRun, storeSeed: number): DecodedRun {
  const { bytes, end, index, timestamp, hasLosses = false } = run
  const items: ScannedItem[] = []
  let { at, sequence } = run
  const result = (damaged: boolean): DecodedRun => ({ items, count: sequence - run.sequence, at, damaged })
  const shift = run.position - run.at
  while (at + RECORD_HEADER_BYTES <= end) {
    const size = readUint32(bytes, at)
    const next = at + RECORD_HEADER_BYTES + size
    if (size === 0) return result(true)
    if (next > end) break
    const state = recordState(bytes, at, size, storeSeed, hasLosses)
    if (state === 'damaged') return result(true)
    if (state === 'intact') {
      const data = new Uint8Array(bytes.buffer, bytes.byteOffset + at + RECORD_HEADER_BYTES, size)
      items.push({ location: { index, position: shift + at, size }, data, sequence, timestamp })
    }
    sequence++
    at = next
  }
  return result(false)
}
