import { isBackendError, VarveError } from '../errors.js'
import { encodeBlockHeader } from '../format/block-header.js'
import { changedMeanwhile } from '../item.js'
import type { OpenFile } from '../read/open-file.js'

// What one append of a backend takes at most.
export const MAX_CHUNKS = 1024
export const MAX_APPEND_BYTES = 2 ** 30

/** A write that failed and left nothing behind: it may be tried again. */
export class WriteRefused extends Error {
  override readonly cause: unknown

  constructor(cause: unknown) {
    super('write refused')
    this.cause = cause
  }
}

/** What is known of the file's end when it is taken over for writing. */
export interface ActiveFileState {
  /** The logical position up to which the file is known to be durable. */
  readonly synced: number
  /** Whether it ends in a closing block. */
  readonly endsInClose: boolean
}

/** The file that is being written. What it throws is final, but for {@link WriteRefused}. Positions are logical. */
export class ActiveFile {
  readonly open: OpenFile
  readonly #storeSeed: number
  #synced: number
  #endsInClose: boolean
  #syncs = 0
  /** Throws where nothing may be written any more; given by who takes the file over. Asked before every call that writes: much may happen while the one before it is under way. */
  checkAlive!: () => void

  constructor(open: OpenFile, storeSeed: number, { synced, endsInClose }: ActiveFileState) {
    this.open = open
    this.#storeSeed = storeSeed
    this.#synced = synced
    this.#endsInClose = endsInClose
  }

  get index(): number {
    return this.open.index
  }

  /** The position behind the last byte written. */
  get end(): number {
    return this.open.end
  }

  /** The position up to which it is durable. */
  get synced(): number {
    return this.#synced
  }

  /** Whether a clean stop has nothing left to write. */
  get endsInClose(): boolean {
    return this.#endsInClose
  }

  /** Syncs that this file took. */
  get syncs(): number {
    return this.#syncs
  }

  /** Writes at the end: all of it, or nothing with {@link WriteRefused}. */
  append(chunks: readonly Uint8Array[]): Promise<void> {
    return this.appendParts(partsOf(chunks))
  }

  /** The same in several appends, each part made while the one before it is written. Where `isGood` then says no, all of it is taken back. */
  async appendParts(parts: Iterable<readonly Uint8Array[]>, isGood: () => boolean = () => true): Promise<void> {
    const start = this.open.end
    let end = start
    try {
      const made = parts[Symbol.iterator]()
      for (let part = made.next(); !part.done; ) {
        this.checkAlive()
        const written = this.open.file.append(part.value, this.open.physical(end))
        for (const chunk of part.value) end += chunk.length
        try {
          part = made.next()
        } finally {
          await written
        }
      }
    } catch (error) {
      if (isBackendError(error, 'CONFLICT')) {
        throw new VarveError(
          'FENCED',
          `append to ${this.open.name}: the file does not end at position ${start}, so somebody else writes to it`,
          { cause: error },
        )
      }
      await this.#cutBack(start)
      throw new WriteRefused(error)
    }
    if (!isGood()) {
      await this.#cutBack(start)
      throw new WriteRefused(changedMeanwhile())
    }
    // Only now: a reader must never see a part of a block.
    this.open.end = end
    this.#endsInClose = false
  }

  /** Makes durable all that was appended. */
  async sync(): Promise<void> {
    if (this.#synced === this.open.end) return
    const end = this.open.end
    await this.#sync()
    this.#synced = end
  }

  // Takes away what was written from `position` on.
  async #cutBack(position: number): Promise<void> {
    this.checkAlive()
    try {
      await this.open.file.truncate(this.open.physical(position))
    } catch (error) {
      throw new VarveError('FAILED', `${this.open.name}: a failed write could not be cut back to position ${position}`, { cause: error })
    }
    await this.#sync()
    this.#synced = position
  }

  /** Ends the file, or the session, in a closing block; everything before it is durable first, and so is it in the end. */
  async close(sequence: number, timestamp: number, continues: boolean): Promise<void> {
    await this.settle(sequence, timestamp, continues)
    await this.sync()
  }

  /** The same, but for the closing block's own sync: where a power loss takes it away nothing is lost. */
  async settle(sequence: number, timestamp: number, continues = false): Promise<void> {
    await this.sync()
    const position = this.open.end
    const place = { storeSeed: this.#storeSeed, index: this.index, position }
    const header = { continues, close: true, length: 0, count: 0, sequence, timestamp, durablePosition: position, digest: this.#storeSeed }
    await this.append([encodeBlockHeader(header, place)])
    this.#endsInClose = true
  }

  async #sync(): Promise<void> {
    this.checkAlive()
    this.#syncs++
    try {
      await this.open.file.sync()
    } catch (error) {
      throw new VarveError('FAILED', `sync ${this.open.name}: what it was about may be lost, so nothing more is written`, { cause: error })
    }
  }
}

function* partsOf(chunks: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let part: Uint8Array[] = []
  let bytes = 0
  for (const chunk of chunks) {
    if (part.length === MAX_CHUNKS || (bytes + chunk.length > MAX_APPEND_BYTES && part.length > 0)) {
      yield part
      part = []
      bytes = 0
    }
    if (chunk.length > MAX_APPEND_BYTES) {
      // A single item may be as large as a file: up to 4 GiB.
      for (let at = 0; at < chunk.length; at += MAX_APPEND_BYTES) yield [chunk.subarray(at, at + MAX_APPEND_BYTES)]
      continue
    }
    part.push(chunk)
    bytes += chunk.length
  }
  if (part.length > 0) yield part
}
