import { platform } from '#platform'
import { RECORD_HEADER_BYTES, writeRecord } from '../format/record.js'
import { KiB, MiB } from '../options.js'

const FIRST_SLAB = 64 * KiB
const LARGEST_SLAB = MiB

/** A piece of staged memory, filled with whole records. */
export interface StagedSlab {
  readonly bytes: Uint8Array
  used: number
}

/** Records that are framed already and have no place yet: what a transaction holds until it is committed. */
export class Staging {
  readonly slabs: StagedSlab[] = []
  readonly storeSeed: number
  count = 0
  /** Bytes of records. */
  length = 0
  /** Bytes of the slabs, their waste counted. */
  held = 0

  constructor(storeSeed: number) {
    this.storeSeed = storeSeed
  }

  /** What `length` would be with one more item of that size. */
  sizeWith(size: number): number {
    return this.length + RECORD_HEADER_BYTES + size
  }

  /** Copies an item in. */
  add(data: Uint8Array): void {
    const bytes = RECORD_HEADER_BYTES + data.length
    const slab = this.#slabFor(bytes)
    writeRecord(slab.bytes, slab.used, data, this.storeSeed)
    slab.used += bytes
    this.length += bytes
    this.count++
  }

  #slabFor(bytes: number): StagedSlab {
    const last = this.slabs[this.slabs.length - 1]
    if (last && last.used + bytes <= last.bytes.length) return last
    // Small transactions are the most frequent; large ones grow by large pieces.
    const standard = Math.min(LARGEST_SLAB, Math.max(FIRST_SLAB, this.held))
    const fresh = { bytes: platform.allocateSlab(Math.max(standard, bytes)), used: 0 }
    this.held += fresh.bytes.length
    this.slabs.push(fresh)
    return fresh
  }
}
