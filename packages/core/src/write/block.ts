import { BLOCK_HEADER_BYTES, type BlockHeader, type BlockPlace, writeBlockHeader } from '../format/block-header.js'
import { addToDigest, completeRecord, isRecordIntact, RECORD_HEADER_BYTES, readUint32, writeRecord } from '../format/record.js'
import type { Location } from '../location.js'

/** A run of a block's bytes in memory. No record lies in two of them. */
export interface Segment {
  readonly bytes: Uint8Array
  /** The logical position of its first byte. */
  readonly position: number
  /** How many of `bytes` are in use. */
  used: number
}

/**
 * A block in memory, from its first record until it is laid down. Its bytes are the bytes of the file, so that
 * what reads files reads memory too.
 */
export class Block implements BlockPlace {
  readonly storeSeed: number
  readonly index: number
  readonly position: number
  /** Sequence of the first record. */
  readonly sequence: number
  readonly segments: Segment[] = []
  count = 0
  /** Bytes of records. */
  length = 0
  digest: number
  /** The group goes on in the next block. */
  continues = false
  /** False for a transaction's block until the whole of it is durable. */
  visible = true
  sealedAt = 0

  constructor(place: BlockPlace, sequence: number) {
    this.storeSeed = place.storeSeed
    this.index = place.index
    this.position = place.position
    this.sequence = sequence
    this.digest = place.storeSeed
  }

  /** The logical position behind the last record. */
  get end(): number {
    return this.position + BLOCK_HEADER_BYTES + this.length
  }

  /** Bytes that the last segment has left. */
  get room(): number {
    const { bytes, used } = this.segments[this.segments.length - 1] as Segment
    return bytes.length - used
  }

  /** Adds empty memory; the first piece holds the block's header too. */
  addSlab(slab: Uint8Array): void {
    if (this.segments.length === 0) this.segments.push({ bytes: slab, position: this.position, used: BLOCK_HEADER_BYTES })
    else this.segments.push({ bytes: slab, position: this.end, used: 0 })
  }

  /** Copies an item in; the last segment has the room. */
  add(data: Uint8Array): Location {
    const last = this.segments[this.segments.length - 1] as Segment
    const location = { index: this.index, position: this.end, size: data.length }
    const crc = writeRecord(last.bytes, last.used, data, this.storeSeed)
    last.used += RECORD_HEADER_BYTES + data.length
    this.countRecord(data.length, crc)
    return location
  }

  /** Copies the items in and adds their locations; the last segment has the room. */
  addRun(run: readonly Uint8Array[], locations: Location[]): void {
    const last = this.segments[this.segments.length - 1] as Segment
    const { bytes } = last
    touch(run)
    let at = last.used + RECORD_HEADER_BYTES
    for (const item of run) {
      bytes.set(item, at)
      at += item.length + RECORD_HEADER_BYTES
    }
    for (const { length: size } of run) {
      locations.push({ index: this.index, position: this.end, size })
      this.countRecord(size, completeRecord(bytes, last.used, size, this.storeSeed))
      last.used += RECORD_HEADER_BYTES + size
    }
  }

  /** Counts a record that stands in the block's memory already. */
  countRecord(size: number, crc: number): void {
    this.digest = addToDigest(this.digest, size, crc)
    this.length += RECORD_HEADER_BYTES + size
    this.count++
  }

  /** Writes the header, which the block's first bytes have room for. Called when the block is laid down, as only then it is known what is durable. */
  finish(durablePosition: number): void {
    const first = this.segments[0] as Segment
    const header: BlockHeader = {
      continues: this.continues,
      close: false,
      length: this.length,
      count: this.count,
      sequence: this.sequence,
      timestamp: this.sealedAt,
      durablePosition,
      digest: this.digest,
    }
    writeBlockHeader(first.bytes, 0, header, this)
  }

  /** The block's bytes, in order. */
  chunks(): Uint8Array[] {
    return this.segments.map(({ bytes, used }) => new Uint8Array(bytes.buffer, bytes.byteOffset, used))
  }

  /** The segment and offset in it of a record of that size, or undefined where none starts there. */
  find(position: number, size: number): { readonly bytes: Uint8Array; readonly at: number } | undefined {
    const segment = this.#segmentAt(position)
    if (!segment) return undefined
    const at = position - segment.position
    if (at + RECORD_HEADER_BYTES + size > segment.used || readUint32(segment.bytes, at) !== size) return undefined
    // The checksum tells a record from bytes inside an item that look like the start of one.
    return isRecordIntact(segment.bytes, at, size, this.storeSeed) ? { bytes: segment.bytes, at } : undefined
  }

  /** Names position and size of every record, in order. */
  eachRecord(visit: (position: number, size: number) => void): void {
    for (const { bytes, position, used } of this.segments) {
      let at = position === this.position ? BLOCK_HEADER_BYTES : 0
      while (at < used) {
        const size = readUint32(bytes, at)
        visit(position + at, size)
        at += RECORD_HEADER_BYTES + size
      }
    }
  }

  /** The segment that holds the record at `position`, and that record's sequence. */
  pieceAt(position: number): { readonly segment: Segment; readonly sequence: number } {
    let sequence = this.sequence
    this.eachRecord((start) => {
      if (start < position) sequence++
    })
    return { segment: this.#segmentAt(position) as Segment, sequence }
  }

  #segmentAt(position: number): Segment | undefined {
    if (position < this.position + BLOCK_HEADER_BYTES || position + RECORD_HEADER_BYTES > this.end) return undefined
    let low = 0
    let high = this.segments.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.segments[middle] as Segment).position <= position) low = middle
      else high = middle - 1
    }
    return this.segments[low]
  }
}

// What nothing comes of a compiler leaves out.
const seen = { last: 0 }

/** Looks at the items before they are copied. They lie anywhere in memory, and looks are so short that the processor waits for many at once; copies wait one after the other. */
function touch(run: readonly Uint8Array[]): void {
  let bits = 0
  for (const item of run) {
    const size = item.length
    bits ^= (item[0] as number) ^ (item[size >>> 1] as number) ^ (item[size - 1] as number)
  }
  seen.last = bits
}
