import { platform } from '#platform'
import { isRecordIntact, RECORD_HEADER_BYTES, readUint32 } from '../format/record.js'
import type { OpenFile } from './open-file.js'

const PAGE_BITS = 14
export const PAGE_BYTES = 2 ** PAGE_BITS
// A call of the backend costs as much as copying a kibibyte or two: for a larger one a cache that does not hold nearly everything gains nothing.
const LARGEST_RECORD = 520
// To take in a page costs as much as several reads of an item, most of all where its memory is touched for the first time: only one that was asked for so often before long is likely to give that back. At most 4: two bits count it.
export const ASKED_FOR = 4
// Once memory is used up, of these pages one in so many takes the place of another: that is enough to follow what is read most, and costs little where everything is read alike.
const ADMIT_ONE_IN = 16
// An allocation costs more than filling a page does.
const CHUNK_BITS = 6
const PAGES_A_CHUNK = 2 ** CHUNK_BITS

/**
 * Pieces of data files that were read, for small items that lie near to one another in place or are read again. An item in it is checked each time all the same.
 *
 * Nothing in it can become stale: what lies below the end of an open file keeps its value for as long as that file is open in the process that writes it, and a file that was replaced or removed is
 * another {@link OpenFile}. Beside a writer elsewhere that does not hold, as that one may recover from a crash; there must be none of this.
 */
export class PageCache {
  readonly #storeSeed: number
  readonly #most: number
  /** The memory of {@link PAGES_A_CHUNK} slots each; the last one may have fewer. */
  readonly #chunks: Uint8Array[] = []
  /** By slot: whose page is there, its number, how many bytes of it were in the file, and whether it was used since the hand passed. */
  readonly #owners: (OpenFile | undefined)[] = []
  #pages = new Int32Array(0)
  #lengths = new Int32Array(0)
  #used = new Uint8Array(0)
  /** Pages that were asked for lately and are not here: their hash, and in its lowest two bits how often. */
  #missed = new Int32Array(0)
  /** Slots whose page could not be read. */
  readonly #vacant: number[] = []
  #hand = 0
  #wanted = 0

  /** Holds at most `bytes`, which it takes as it needs them. */
  constructor(bytes: number, storeSeed: number) {
    this.#storeSeed = storeSeed
    this.#most = Math.floor(bytes / PAGE_BYTES)
  }

  /** The memory it takes. */
  get bytes(): number {
    return this.#chunks.reduce((bytes, chunk) => bytes + chunk.length, 0)
  }

  /** Whether it takes part in reading a record: a small one within one page. */
  covers(physical: number, length: number): boolean {
    return length <= LARGEST_RECORD && this.#most > 0 && (physical & (PAGE_BYTES - 1)) + length <= PAGE_BYTES
  }

  /** A copy of the item whose record, which it {@link covers}, lies there, if it is here and intact. */
  find(open: OpenFile, physical: number, size: number): Uint8Array | undefined {
    const slot = slotOf(open, physical >>> PAGE_BITS)
    if (slot < 0) return undefined
    const within = physical & (PAGE_BYTES - 1)
    if (within + RECORD_HEADER_BYTES + size > (this.#lengths[slot] as number)) return undefined
    const chunk = this.#chunkOf(slot)
    const at = placeInChunk(slot) + within
    if (readUint32(chunk, at) !== size || !isRecordIntact(chunk, at, size, this.#storeSeed)) return undefined
    this.#used[slot] = 1
    const item = platform.allocateItem(size)
    item.set(new Uint8Array(chunk.buffer, at + RECORD_HEADER_BYTES, size))
    return item
  }

  /**
   * Takes in the page of a record that was not found, if that promises to pay. `read` fills the memory it is given from a physical position on, and gives how many bytes there were, or undefined where that can't be done
   * now. Whether the page is here.
   */
  load(open: OpenFile, physical: number, read: (target: Uint8Array, position: number) => number | undefined): boolean {
    if (this.#pages.length === 0) this.#begin()
    const page = physical >>> PAGE_BITS
    const known = slotOf(open, page)
    // One that was at the file's end has grown.
    const slot = known >= 0 ? known : this.#isWanted(open, page) ? this.#free() : -1
    if (slot < 0) return false
    this.#leave(slot)
    const start = page * PAGE_BYTES
    const length = Math.min(PAGE_BYTES, open.physical(open.end) - start)
    let count: number | undefined
    try {
      count = read(new Uint8Array(this.#chunkOf(slot).buffer, placeInChunk(slot), length), start)
    } finally {
      if (count === undefined) this.#vacant.push(slot)
    }
    if (count === undefined) return false
    this.#owners[slot] = open
    this.#pages[slot] = page
    this.#lengths[slot] = count
    enter(open, page, slot)
    return true
  }

  /** Many stores are opened for little: what keeps the account comes with the first page. */
  #begin(): void {
    this.#pages = new Int32Array(this.#most)
    this.#lengths = new Int32Array(this.#most)
    this.#used = new Uint8Array(this.#most)
    this.#missed = new Int32Array(this.#most)
  }

  /** One that was asked for often enough; where it would take another one's place, not each time. */
  #isWanted(open: OpenFile, page: number): boolean {
    const key = (Math.imul(open.index + 1, 0x9e3779b1) ^ Math.imul(page, 0x85ebca6b)) & ~3
    const place = (key >>> 2) % this.#most
    const known = this.#missed[place] as number
    const times = (known & ~3) === key ? (known & 3) + 1 : 1
    this.#missed[place] = key | (times % ASKED_FOR)
    if (times < ASKED_FOR) return false
    const hasRoom = this.#owners.length < this.#most || this.#vacant.length > 0
    return hasRoom || ++this.#wanted % ADMIT_ONE_IN === 0
  }

  /** A slot that nothing is in, or that was not used for long. */
  #free(): number {
    const vacant = this.#vacant.pop()
    if (vacant !== undefined) return vacant
    if (this.#owners.length < this.#most) {
      const slot = this.#owners.length
      if (placeInChunk(slot) === 0) this.#chunks.push(platform.allocateSlab(Math.min(PAGES_A_CHUNK, this.#most - slot) * PAGE_BYTES))
      return this.#owners.push(undefined) - 1
    }
    for (;;) {
      const slot = this.#hand
      this.#hand = (slot + 1) % this.#most
      if (this.#owners[slot]?.retired || this.#used[slot] === 0) return slot
      this.#used[slot] = 0
    }
  }

  #chunkOf(slot: number): Uint8Array {
    return this.#chunks[slot >>> CHUNK_BITS] as Uint8Array
  }

  #leave(slot: number): void {
    const owner = this.#owners[slot]
    if (owner) owner.pageSlots[this.#pages[slot] as number] = 0
    this.#owners[slot] = undefined
    this.#used[slot] = 0
  }
}

/** Where its page begins in the memory of a slot's chunk. */
function placeInChunk(slot: number): number {
  return (slot & (PAGES_A_CHUNK - 1)) << PAGE_BITS
}

/** Where a page is, or -1. */
function slotOf({ pageSlots }: OpenFile, page: number): number {
  return page < pageSlots.length ? (pageSlots[page] as number) - 1 : -1
}

function enter(open: OpenFile, page: number, slot: number): void {
  if (page >= open.pageSlots.length) {
    const wider = new Int32Array(Math.max(page + 1, Math.ceil(open.physical(open.end) / PAGE_BYTES), open.pageSlots.length * 2))
    wider.set(open.pageSlots)
    open.pageSlots = wider
  }
  open.pageSlots[page] = slot + 1
}
