import { platform } from '#platform'
import { backendFailure } from '../errors.js'
import { KiB } from '../options.js'
import type { OpenFile } from './open-file.js'
import { readBytes, readBytesSync, readFew } from './read-bytes.js'

const CARRY = 64 * KiB
// A block's header, and no more.
const FEW = KiB
// One alone takes longer to come out of the page cache than the one before it takes to be checked.
const CHUNKS_AHEAD = 2

/** A piece of a file on its way, behind room for what was carried over. `count`: how many bytes there were, or undefined where the read failed. */
interface Ahead {
  readonly position: number
  readonly bytes: Uint8Array
  readonly count: Promise<number | undefined>
}

/** A part of a file in memory that moves forward as it is asked for more. What it held stays as it was: items may be views of it. */
export class FileWindow {
  readonly open: OpenFile
  /** How much is read at once. */
  chunkSize: number
  bytes: Uint8Array = new Uint8Array(0)
  /** The logical position of the first of `bytes`. */
  start = 0
  /** One behind the other, the first right behind what is here. */
  #ahead: Ahead[] = []

  constructor(open: OpenFile, chunkSize: number) {
    this.open = open
    this.chunkSize = chunkSize
  }

  /** The logical position behind the last byte held. */
  get end(): number {
    return this.start + this.bytes.length
  }

  has(position: number, length: number): boolean {
    return position >= this.start && position + length <= this.end
  }

  /** Where in `bytes` a logical position is. */
  offset(position: number): number {
    return position - this.start
  }

  /** Begins to read what lies behind, for the next {@link load}: meanwhile what is here can be worked on. */
  readAhead(): void {
    const last = this.#ahead[this.#ahead.length - 1]
    let position = last ? last.position + last.bytes.length - CARRY : this.end
    while (this.#ahead.length < CHUNKS_AHEAD && position < this.open.end) {
      const length = Math.min(this.chunkSize, this.open.end - position)
      // With room for the end of what is here, so that a record which lies across both lies in one piece.
      const bytes = platform.allocateSlab(CARRY + length)
      const count = readBytes(this.open.file, bytes.subarray(CARRY), this.open.physical(position))
      // Whoever needs it reads it once more, and is told.
      this.#ahead.push({ position, bytes, count: count.catch(() => undefined) })
      position += length
    }
  }

  /** Reads on from `position`, at least `least` bytes if the file has them. Whether it has. */
  async load(position: number, least: number): Promise<boolean> {
    const next = this.#ahead.shift()
    if (next && (await this.#takeAhead(next, position, least))) return true
    this.#ahead = []
    const bytes = this.#room(position, least)
    const read = bytes.length <= FEW ? readFew : readBytes
    try {
      return this.#take(position, least, bytes, bytes.length > 0 ? await read(this.open.file, bytes, this.open.physical(position)) : 0)
    } catch (error) {
      throw backendFailure(`read ${this.open.name} at position ${position}`, error)
    }
  }

  /** The same at once, where the backend can. */
  loadSync(position: number, least: number): boolean {
    const bytes = this.#room(position, least)
    try {
      return this.#take(position, least, bytes, readBytesSync(this.open.file, bytes, this.open.physical(position)))
    } catch (error) {
      throw backendFailure(`read ${this.open.name} at position ${position}`, error)
    }
  }

  /** Makes the next look at the file a fresh one. */
  reset(): void {
    this.bytes = new Uint8Array(0)
    this.#ahead = []
  }

  async #takeAhead(ahead: Ahead, position: number, least: number): Promise<boolean> {
    const carried = this.end - position
    if (ahead.position !== this.end || carried < 0 || carried > CARRY || position < this.start) return false
    const count = await ahead.count
    if (count === undefined || carried + count < least) return false
    ahead.bytes.set(this.bytes.subarray(this.offset(position)), CARRY - carried)
    this.bytes = ahead.bytes.subarray(CARRY - carried, CARRY + count)
    this.start = position
    return true
  }

  #room(position: number, least: number): Uint8Array {
    return platform.allocateSlab(Math.min(Math.max(least, this.chunkSize), Math.max(0, this.open.end - position)))
  }

  #take(position: number, least: number, bytes: Uint8Array, read: number): boolean {
    this.start = position
    this.bytes = read < bytes.length ? bytes.subarray(0, read) : bytes
    return this.bytes.length >= least
  }
}
