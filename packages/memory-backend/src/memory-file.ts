import { BackendError, type BackendFile } from '@varve/backend'
import type { Volume } from 'memfs'
import { memoryError } from './memory-error.js'

/** An open file of a volume. Everything is done at once, so nothing is ever under way and there is nothing to sync. */
export class MemoryFile implements BackendFile {
  readonly #volume: Volume
  readonly #fd: number
  /** Backend and name, for messages. */
  readonly #where: string
  #closed = false

  constructor(volume: Volume, fd: number, where: string) {
    this.#volume = volume
    this.#fd = fd
    this.#where = where
  }

  async size(): Promise<number> {
    return this.sizeSync()
  }

  sizeSync(): number {
    return this.#run('size', () => this.#size())
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return this.readSync(target, position)
  }

  readSync(target: Uint8Array, position: number): number {
    return this.#run('read', () => {
      // memfs reads from where the last read ended.
      if (!(Number.isSafeInteger(position) && position >= 0)) throw new RangeError(`${position} is not a position in a file`)
      return this.#volume.readSync(this.#fd, target, 0, target.byteLength, position)
    })
  }

  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.#run('append', () => {
      const size = this.#size()
      if (position !== size) throw this.#conflict(`append at ${position}, where the file ends at ${size}`)
      let at = position
      // memfs copies.
      for (const chunk of chunks) at += this.#volume.writeSync(this.#fd, chunk, 0, chunk.byteLength, at)
    })
  }

  async truncate(size: number): Promise<void> {
    this.#run('truncate', () => {
      const present = this.#size()
      // memfs would extend the file, and takes a negative size for 0.
      if (!(Number.isSafeInteger(size) && size >= 0 && size <= present))
        throw this.#conflict(`cut to ${size}, where the file ends at ${present}`)
      this.#volume.ftruncateSync(this.#fd, size)
    })
  }

  async sync(): Promise<void> {
    this.#run('sync', () => {})
  }

  async close(): Promise<void> {
    if (this.#closed) return
    // memfs gives the number of a closed descriptor to the next file that is opened.
    this.#closed = true
    try {
      this.#volume.closeSync(this.#fd)
    } catch (error) {
      throw memoryError(error, `${this.#where}: close`)
    }
  }

  #size(): number {
    return Number(this.#volume.fstatSync(this.#fd).size)
  }

  #run<T>(operation: string, call: () => T): T {
    if (this.#closed) throw new BackendError('IO', `${this.#where}: ${operation}: the file is closed`)
    try {
      return call()
    } catch (error) {
      throw memoryError(error, `${this.#where}: ${operation}`)
    }
  }

  #conflict(what: string): BackendError {
    return new BackendError('CONFLICT', `${this.#where}: ${what}`)
  }
}
