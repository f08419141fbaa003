import { RECORD_HEADER_BYTES, readUint32 } from '../format/record.js'
import { MiB } from '../options.js'
import { HEADER_CHUNK } from './block-cursor.js'
import { type CheckedRecord, checkRecordAt } from './check-block.js'
import { FileWindow } from './file-window.js'
import type { OpenFile } from './open-file.js'

/** Where records may be: up to `end`, where the last of them ends, as far as that is known. */
export interface SearchArea {
  readonly end: number
  /** Whether a record ends at `end`: not so where the file was cut off there. */
  readonly isWhole: boolean
  /** How many records there can be at most. */
  readonly most: number
}

// How often a byte may be looked at in all: whatever a store holds, looking for its records ends.
const LOOKS_PER_BYTE = 64
// A bit for each byte of more than this would be too much memory: behind damage to so large a block only checksums are gone by.
const MOST_LANDINGS = 128 * MiB

/**
 * Looks for the next intact record behind a damaged one whose length can't be trusted. First for the place from where the lengths of records lead exactly to the end of
 * their block, which damage in one place leaves intact; then for anything whose checksum is right.
 */
export class RecordSearch {
  readonly #window: FileWindow
  readonly #storeSeed: number
  readonly #hasLosses: boolean
  #effort: number

  constructor(open: OpenFile, length: number, storeSeed: number, hasLosses: boolean) {
    this.#window = new FileWindow(open, HEADER_CHUNK)
    this.#storeSeed = storeSeed
    this.#hasLosses = hasLosses
    this.#effort = LOOKS_PER_BYTE * length + MiB
  }

  /** The position of the first intact record at `from` or behind it; undefined where there is none, or finding it would take too long. */
  async find(from: number, area: SearchArea): Promise<number | undefined> {
    if (from + RECORD_HEADER_BYTES >= area.end || area.most === 0) return undefined
    return (area.isWhole ? await this.#findLanding(from, area) : undefined) ?? (await this.#findIntact(from, area))
  }

  async isIntact(position: number, end: number): Promise<boolean> {
    const record = await this.#check(position, end)
    return record !== undefined && record.state !== 'damaged'
  }

  async #findLanding(from: number, area: SearchArea): Promise<number | undefined> {
    const lands = await this.#landings(from, area.end)
    if (!lands) return undefined
    for (let position = from; position + RECORD_HEADER_BYTES < area.end && this.#effort > 0; position++) {
      const at = position - from
      // Eight positions at once, as nearly all are none.
      if (lands[at >>> 3] === 0) position += 7 - (at & 7)
      else if ((lands[at >>> 3] as number) & (1 << (at & 7)) && (await this.#leadsToEnd(position, area))) return position
    }
    return undefined
  }

  /** A bit for each position: whether the lengths from there on lead to `end`, if records stood there. An eighth of the memory that the bytes would take. */
  async #landings(from: number, end: number): Promise<Uint8Array | undefined> {
    if (end - from > MOST_LANDINGS) return undefined
    const bits = new Uint8Array((end - from + 8) >>> 3)
    const mark = (position: number): void => void ((bits[(position - from) >>> 3] as number) |= 1 << ((position - from) & 7))
    const isMarked = (position: number): boolean => ((bits[(position - from) >>> 3] as number) & (1 << ((position - from) & 7))) !== 0
    const window = new FileWindow(this.#window.open, MiB)
    for (let to = end - RECORD_HEADER_BYTES; to > from; ) {
      const start = Math.max(from, to - MiB)
      // The length of a record at `to - 1` reaches 3 bytes further.
      if (!(await window.load(start, to + 3 - start))) return undefined
      const { bytes } = window
      for (let position = to - 1; position >= start; position--) {
        const size = readUint32(bytes, position - start)
        const next = position + RECORD_HEADER_BYTES + size
        if (size > 0 && (next === end || (next < end && isMarked(next)))) mark(position)
      }
      this.#effort -= to - start
      to = start
    }
    return bits
  }

  /** Whether there are no more records from here to the end than there can be, and the first one is intact. */
  async #leadsToEnd(position: number, { end, most }: SearchArea): Promise<boolean> {
    let count = 0
    for (let at = position; at < end; count++) {
      const size = count > most || this.#effort <= 0 ? undefined : await this.#sizeAt(at)
      if (size === undefined) return false
      at += RECORD_HEADER_BYTES + size
    }
    return count <= most && (await this.isIntact(position, end))
  }

  async #sizeAt(position: number): Promise<number | undefined> {
    const window = this.#window
    this.#effort -= 1
    if (!window.has(position, RECORD_HEADER_BYTES)) {
      this.#effort -= window.chunkSize
      if (!(await window.load(position, RECORD_HEADER_BYTES))) return undefined
    }
    return readUint32(window.bytes, window.offset(position))
  }

  async #findIntact(from: number, { end }: SearchArea): Promise<number | undefined> {
    const window = new FileWindow(this.#window.open, HEADER_CHUNK)
    for (let position = from; position + RECORD_HEADER_BYTES < end && this.#effort > 0; position++) {
      if (!window.has(position, RECORD_HEADER_BYTES) && !(await window.load(position, RECORD_HEADER_BYTES))) return undefined
      this.#effort--
      const size = readUint32(window.bytes, window.offset(position))
      if (size > 0 && position + RECORD_HEADER_BYTES + size <= end && (await this.isIntact(position, end))) return position
    }
    return undefined
  }

  async #check(position: number, end: number): Promise<CheckedRecord | undefined> {
    const record = await checkRecordAt(this.#window, position, end, this.#storeSeed, this.#hasLosses)
    this.#effort -= record?.size ?? 0
    return record
  }
}
