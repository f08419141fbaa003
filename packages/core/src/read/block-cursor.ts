import { BLOCK_HEADER_BYTES, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { RECORD_HEADER_BYTES, readUint32 } from '../format/record.js'
import { KiB } from '../options.js'
import type { FileWindow } from './file-window.js'
import type { Loading } from './loads.js'

/** A block in a file. Its header is intact; its records need not be. Positions are logical. */
export interface PlacedBlock {
  readonly index: number
  readonly position: number
  readonly header: BlockHeader
  /** The position of the first record. */
  readonly start: number
  /** The position behind the last record. */
  readonly end: number
}

/** Large enough for many small blocks, small enough to throw away where blocks are large. */
export const HEADER_CHUNK = 64 * KiB

/** Goes from block header to block header of one file. */
export class BlockCursor {
  readonly #window: FileWindow
  readonly #storeSeed: number
  /** The position of the next block header. */
  position: number

  constructor(window: FileWindow, storeSeed: number, position = window.open.header.trimOffset) {
    this.#window = window
    this.#storeSeed = storeSeed
    this.position = position
  }

  /** The block at `position`, and on to the next one; undefined, staying there, where no whole block stands. */
  async next(): Promise<PlacedBlock | undefined> {
    if (!this.#window.has(this.position, BLOCK_HEADER_BYTES) && !(await this.#window.load(this.position, BLOCK_HEADER_BYTES)))
      return undefined
    return this.#step()
  }

  /** The same, as work that loads. */
  *nextLoading(): Loading<PlacedBlock | undefined> {
    if (!this.#window.has(this.position, BLOCK_HEADER_BYTES) && !(yield { position: this.position, least: BLOCK_HEADER_BYTES }))
      return undefined
    return this.#step()
  }

  #step(): PlacedBlock | undefined {
    const { open } = this.#window
    const { position } = this
    const place = { storeSeed: this.#storeSeed, index: open.index, position }
    const header = readBlockHeader(this.#window.bytes, this.#window.offset(position), place)
    if (!header) return undefined
    const start = position + BLOCK_HEADER_BYTES
    const end = start + header.length
    if (end > open.end) return undefined
    this.position = end
    return { index: open.index, position, header, start, end }
  }
}

/** The size that the record at `position` says, which the window holds, or undefined where a block that ends at `end` can't hold it. */
export function recordSizeAt(window: FileWindow, position: number, end: number): number | undefined {
  const size = readUint32(window.bytes, window.offset(position))
  return size >= 1 && position + RECORD_HEADER_BYTES + size <= end ? size : undefined
}

/** Whether the window holds a record's header at `position`, which lies in a block that ends at `end`. */
export async function loadRecordHeader(window: FileWindow, position: number, end: number): Promise<boolean> {
  if (position + RECORD_HEADER_BYTES > end) return false
  return window.has(position, RECORD_HEADER_BYTES) || (await window.load(position, RECORD_HEADER_BYTES))
}
