import { close, constants, fdatasync, fstat, fsync, type NoParamCallback, open, read, readSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Contender, Reader, Visit, Writer } from '../contender.js'
import { SeededItems } from '../seeded-items.js'

const CHUNK_BYTES = 1024 * 1024

const openFile = promisify(open)
const syncFile = promisify(fsync)
const closeFile = promisify(close)
const statFile = promisify(fstat)

/**
 * The same bytes by `node:fs` alone, one after the other in a single file: no framing, no checksums, no index, nothing to recover by.
 * What a store could reach if all that were free.
 */
export const plainFs: Contender = {
  name: 'fs',
  role: 'limit',
  cannot: {
    commit: 'a file has no transactions',
    follow: 'a file tells nobody of what is added',
    followBeside: 'a file tells nobody of what is added',
  },

  async probe() {
    return `Node ${process.version}`
  },

  async create(directory) {
    // Not for appending: a descriptor opened for that puts what is written side by side in any order.
    const fd = await openFile(join(directory, 'items'), constants.O_RDWR | constants.O_CREAT, 0o644)
    return new PlainWriter(fd, (await statFile(fd)).size)
  },

  async fill(directory, { size, count }) {
    const writer = await plainFs.create(directory)
    const items = SeededItems.of(size)
    for (let n = 0; n < count; n++) await writer.add!(items.get(n))
    await writer.sync()
    await writer.close()
  },

  async open(directory, { size, count }) {
    return new PlainReader(await openFile(join(directory, 'items'), 'r'), size, count)
  },
}

interface Place {
  readonly position: number
  readonly size: number
}

/** Gathers items in one chunk while the one before is being written. */
class PlainWriter implements Writer {
  readonly #fd: number
  #filling = Buffer.alloc(CHUNK_BYTES)
  #spare = Buffer.alloc(CHUNK_BYTES)
  #filled = 0
  /** Where the chunk that fills will lie. */
  #position: number
  /** How much is in the file. */
  #written: number
  #writing: Promise<void> = Promise.resolve()

  constructor(fd: number, position: number) {
    this.#fd = fd
    this.#position = position
    this.#written = position
  }

  async addMany(items: readonly Uint8Array[]): Promise<void> {
    for (const item of items) {
      const full = this.#gather(item)
      if (full) await full
    }
  }

  async add(item: Uint8Array): Promise<Place> {
    const place = { position: this.#position + this.#filled, size: item.length }
    const full = this.#gather(item)
    if (full) await full
    return place
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

  /** What is not in the file yet is taken from the chunks, as a store does that gathers. */
  async read({ position, size }: Place): Promise<Uint8Array> {
    const item = Buffer.allocUnsafe(size)
    const inFile = Math.min(size, this.#written - position)
    if (inFile < size) {
      for (const [chunk, start] of [
        [this.#spare, this.#written],
        [this.#filling, this.#position],
      ] as const) {
        const from = Math.max(position, start)
        if (from < position + size) item.set(chunk.subarray(from - start, position + size - start), from - position)
      }
    }
    if (inFile > 0) await readFully(this.#fd, item.subarray(0, inFile), position)
    return item
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
    const end = this.#position + chunk.length
    this.#writing = this.#write(chunk, this.#position).then(() => {
      this.#written = end
    })
    // Whoever waits for it gets the error; until then it must not count as unhandled.
    this.#writing.catch(() => {})
    this.#position = end
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

  key(n: number): number {
    return n * this.#size
  }

  readSync(position: number): Uint8Array {
    const item = Buffer.allocUnsafe(this.#size)
    readSync(this.#fd, item, 0, this.#size, position)
    return item
  }

  read(position: number): Promise<Uint8Array> {
    return readFully(this.#fd, Buffer.allocUnsafe(this.#size), position)
  }

  async scan(visit: Visit): Promise<void> {
    const itemsPerRead = Math.max(1, Math.floor(CHUNK_BYTES / this.#size))
    for (let n = 0; n < this.#count; n += itemsPerRead) {
      const items = Math.min(itemsPerRead, this.#count - n)
      const chunk = await readFully(this.#fd, Buffer.allocUnsafe(items * this.#size), n * this.#size)
      for (let at = 0; at < chunk.length; at += this.#size) visit(new Uint8Array(chunk.buffer, chunk.byteOffset + at, this.#size))
    }
  }

  async close(): Promise<void> {
    await closeFile(this.#fd)
  }
}

function readFully(fd: number, into: Buffer, position: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    read(fd, into, 0, into.length, position, (error, bytes) => {
      if (error) reject(error)
      else if (bytes < into.length) reject(new Error(`a short read: ${bytes} of ${into.length} bytes at ${position}`))
      else resolve(into)
    })
  })
}
