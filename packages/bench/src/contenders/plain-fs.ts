import { close, fdatasync, fsync, type NoParamCallback, open, read, readSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Contender, Reader, Writer } from '../contender.js'
import { SeededItems } from '../seeded-items.js'

const CHUNK_BYTES = 1024 * 1024

const openFile = promisify(open)
const syncFile = promisify(fsync)
const closeFile = promisify(close)

/**
 * The same bytes by `node:fs` alone, one after the other in a single file: no framing, no checksums, no index, nothing to recover by.
 * What a store could reach if all that were free.
 */
export const plainFs: Contender = {
  name: 'fs',

  async create(directory) {
    return new PlainWriter(await openFile(join(directory, 'items'), 'wx'))
  },

  async fill(directory, { size, count }) {
    const writer = await plainFs.create(directory)
    const items = new SeededItems(size)
    for (let n = 0; n < count; n++) await writer.add(items.get(n))
    await writer.sync()
    await writer.close()
  },

  async open(directory, { size, count }) {
    return new PlainReader(await openFile(join(directory, 'items'), 'r'), size, count)
  },
}

/** Gathers items in one chunk while the one before is being written. */
class PlainWriter implements Writer {
  readonly #fd: number
  #filling = Buffer.alloc(CHUNK_BYTES)
  #spare = Buffer.alloc(CHUNK_BYTES)
  #filled = 0
  #position = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(fd: number) {
    this.#fd = fd
  }

  async addMany(items: readonly Uint8Array[]): Promise<void> {
    for (const item of items) {
      const full = this.#gather(item)
      if (full) await full
    }
  }

  async add(item: Uint8Array): Promise<void> {
    const full = this.#gather(item)
    if (full) await full
  }

  addDurable(item: Uint8Array): Promise<void> {
    const position = this.#position
    this.#position += item.length
    return new Promise((resolve, reject) => {
      const settle: NoParamCallback = (error) => (error ? reject(error) : resolve())
      write(this.#fd, item, 0, item.length, position, (error, written) => {
        if (error) reject(error)
        else if (written < item.length) reject(new Error(`a short write: ${written} of ${item.length} bytes`))
        else fdatasync(this.#fd, settle)
      })
    })
  }

  async sync(): Promise<void> {
    await this.#turn()
    await this.#writing
    await syncFile(this.#fd)
  }

  async close(): Promise<void> {
    await closeFile(this.#fd)
  }

  /** A promise where the caller has to wait for a chunk to be free. */
  #gather(item: Uint8Array): Promise<void> | undefined {
    if (this.#filled + item.length <= CHUNK_BYTES) {
      this.#filling.set(item, this.#filled)
      this.#filled += item.length
      return undefined
    }
    return this.#gatherAcross(item)
  }

  async #gatherAcross(item: Uint8Array): Promise<void> {
    for (let from = 0; from < item.length; ) {
      if (this.#filled === CHUNK_BYTES) await this.#turn()
      const part = item.subarray(from, from + CHUNK_BYTES - this.#filled)
      this.#filling.set(part, this.#filled)
      this.#filled += part.length
      from += part.length
    }
  }

  /** Starts to write the chunk that is filled, as soon as the one before it is done. */
  async #turn(): Promise<void> {
    await this.#writing
    const chunk = this.#filling.subarray(0, this.#filled)
    this.#writing = this.#write(chunk, this.#position)
    // Whoever waits for it gets the error; until then it must not count as unhandled.
    this.#writing.catch(() => {})
    this.#position += chunk.length
    ;[this.#filling, this.#spare] = [this.#spare, this.#filling]
    this.#filled = 0
  }

  #write(chunk: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      write(this.#fd, chunk, 0, chunk.length, position, (error, written) => {
        if (error) reject(error)
        else if (written < chunk.length) resolve(this.#write(chunk.subarray(written), position + written))
        else resolve()
      })
    })
  }
}

class PlainReader implements Reader {
  readonly #fd: number
  readonly #size: number
  readonly #count: number

  constructor(fd: number, size: number, count: number) {
    this.#fd = fd
    this.#size = size
    this.#count = count
  }

  readSync(n: number): Uint8Array {
    const item = Buffer.allocUnsafe(this.#size)
    readSync(this.#fd, item, 0, this.#size, n * this.#size)
    return item
  }

  read(n: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      read(this.#fd, Buffer.allocUnsafe(this.#size), 0, this.#size, n * this.#size, (error, _, item) =>
        error ? reject(error) : resolve(item),
      )
    })
  }

  async scan(visit: (item: Uint8Array) => void): Promise<void> {
    const itemsPerRead = Math.max(1, Math.floor(CHUNK_BYTES / this.#size))
    for (let n = 0; n < this.#count; n += itemsPerRead) {
      const chunk = await this.#readChunk(n, Math.min(itemsPerRead, this.#count - n))
      for (let at = 0; at < chunk.length; at += this.#size) visit(new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#size))
    }
  }

  async close(): Promise<void> {
    await closeFile(this.#fd)
  }

  #readChunk(n: number, items: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(items * this.#size)
    return new Promise((resolve, reject) => {
      read(this.#fd, chunk, 0, chunk.length, n * this.#size, (error) => (error ? reject(error) : resolve(chunk)))
    })
  }
}
