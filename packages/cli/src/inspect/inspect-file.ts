import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  type BlockHeader,
  decodeFileHeader,
  FILE_HEADER_BYTES,
  type FileHeader,
  type FileHeaderFault,
  RECORD_HEADER_BYTES,
  type RecordState,
  readBlockHeader,
  recordState,
  storeSeedOf,
} from '@varve/core/format'
import type { FileBytes } from './file-bytes.js'

/** Something that stands in a data file. `offset` counts from the file's first byte, `position` as in locations. */
export type Finding =
  | { readonly kind: 'file-header'; readonly offset: 0; readonly header: FileHeader }
  | { readonly kind: 'damaged-file-header'; readonly offset: 0; readonly fault: FileHeaderFault }
  /** `group` counts the groups of the file from 0. */
  | { readonly kind: 'block'; readonly offset: number; readonly position: number; readonly group: number; readonly header: BlockHeader }
  | FoundRecord
  /** What is neither a block nor part of one, and what can't be made out of one. */
  | { readonly kind: 'unknown' | 'zeros'; readonly offset: number; readonly position: number; readonly length: number }

interface FoundRecord {
  readonly kind: 'record'
  readonly offset: number
  readonly position: number
  readonly size: number
  readonly sequence: number
  readonly checksum: number
  /** `damaged` where the checksum is wrong; `torn` where the file ends before the record does. */
  readonly state: RecordState | 'torn'
}

export interface InspectOptions {
  /** The number of the file. */
  readonly index: number
  /** A header of another file of the store, to go by where this one's is damaged. */
  readonly fallback: FileHeader | undefined
}

/** Tells what a data file holds, in order, as it lies on disk. */
export async function* inspectFile(bytes: FileBytes, { index, fallback }: InspectOptions): AsyncGenerator<Finding, void, undefined> {
  const decoded = decodeFileHeader(await bytes.at(0, FILE_HEADER_BYTES))
  yield typeof decoded === 'object'
    ? { kind: 'file-header', offset: 0, header: decoded }
    : { kind: 'damaged-file-header', offset: 0, fault: decoded }
  const known = typeof decoded === 'object' ? decoded : fallback && { ...fallback, trimOffset: 0 }
  if (known) yield* new FileInspection(bytes, index, known).findings()
  else if (bytes.size > FILE_HEADER_BYTES)
    yield { kind: 'unknown', offset: FILE_HEADER_BYTES, position: 0, length: bytes.size - FILE_HEADER_BYTES }
}

class FileInspection {
  readonly #bytes: FileBytes
  readonly #index: number
  readonly #storeSeed: number
  /** What a position is more than its offset. */
  readonly #shift: number
  #group = 0

  constructor(bytes: FileBytes, index: number, { storeId, trimOffset }: FileHeader) {
    this.#bytes = bytes
    this.#index = index
    this.#storeSeed = storeSeedOf(storeId)
    this.#shift = trimOffset - FILE_HEADER_BYTES
  }

  async *findings(): AsyncGenerator<Finding, void, undefined> {
    for (let offset = FILE_HEADER_BYTES; offset < this.#bytes.size; ) {
      const header = await this.#blockAt(offset)
      if (header) {
        yield { kind: 'block', offset, position: offset + this.#shift, group: this.#group, header }
        if (!header.continues) this.#group++
        yield* this.#records(header, offset + BLOCK_HEADER_BYTES)
        offset += BLOCK_HEADER_BYTES + header.length
      } else {
        const end = await this.#nextBlock(offset + 1)
        yield await this.#stretch(offset, end)
        offset = end
      }
    }
  }

  async *#records({ sequence, count, length, losses = false }: BlockHeader, from: number): AsyncGenerator<Finding, void, undefined> {
    const end = from + length
    let offset = from
    for (let n = 0; n < count; n++) {
      const head = await this.#bytes.at(offset, RECORD_HEADER_BYTES)
      const size = head.length === RECORD_HEADER_BYTES ? uint32(head, 0) : 0
      const next = offset + RECORD_HEADER_BYTES + size
      if (size === 0 || next > end) break
      const record = await this.#bytes.at(offset, next - offset)
      const isWhole = record.length === next - offset
      const state = isWhole ? recordState(record, 0, size, this.#storeSeed, losses) : 'torn'
      yield { kind: 'record', offset, position: offset + this.#shift, size, sequence: sequence + n, checksum: uint32(head, 4), state }
      offset = next
    }
    if (offset < Math.min(end, this.#bytes.size)) yield await this.#stretch(offset, Math.min(end, this.#bytes.size))
  }

  async #blockAt(offset: number): Promise<BlockHeader | undefined> {
    const place = { storeSeed: this.#storeSeed, index: this.#index, position: offset + this.#shift }
    return readBlockHeader(await this.#bytes.at(offset, BLOCK_HEADER_BYTES), 0, place)
  }

  /** Where the next block begins, from `offset` on, or the file ends. */
  async #nextBlock(offset: number): Promise<number> {
    for (let from = offset; from < this.#bytes.size; ) {
      const piece = Buffer.from(await this.#bytes.at(from, PIECE))
      for (let at = piece.indexOf(MAGIC); at >= 0; at = piece.indexOf(MAGIC, at + 1)) {
        if (await this.#blockAt(from + at)) return from + at
      }
      from += Math.max(1, piece.length - MAGIC.length + 1)
    }
    return this.#bytes.size
  }

  async #stretch(offset: number, end: number): Promise<Finding> {
    let zero = true
    for (let at = offset; at < end && zero; at += PIECE) {
      zero = (await this.#bytes.at(at, Math.min(PIECE, end - at))).every((byte) => byte === 0)
    }
    return { kind: zero ? 'zeros' : 'unknown', offset, position: offset + this.#shift, length: end - offset }
  }
}

const PIECE = 64 * 1024
const MAGIC = Buffer.alloc(4)
MAGIC.writeUInt32LE(BLOCK_MAGIC)

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
}
