import { BackendError, type BackendFile } from '@varve/backend'
import { openFileError } from './opfs-error.js'
import { readAt, readBeside, rewriteFrom, writeAll } from './positional-access.js'
import type { SharedFile } from './shared-file.js'
import type { SyncAccessHandle } from './web-platform.js'

// Another tab may be writing: whoever looks between two of its steps may be refused once, hardly twice.
const LOOKS = 5

/** An open file. It writes through the one access that its backend has to it; where the backend has none it reads beside whoever does. */
export class OpfsFile implements BackendFile {
  readonly #file: SharedFile
  /** Backend and name, for messages. */
  readonly #where: string
  readonly #onClose: () => void
  readonly #underWay = new Set<Promise<unknown>>()
  #closed = false

  constructor(file: SharedFile, where: string, onClose: () => void) {
    this.#file = file
    this.#where = where
    this.#onClose = onClose
  }

  size(): Promise<number> {
    return this.#run('size', () => this.#size())
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run('read', async () => {
      const { access } = this.#file
      return access ? readAt(access, target, position) : this.#beside((handle) => readBeside(handle, target, position))
    })
  }

  append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    return this.#run('append', async () => {
      this.#checkEnd(position, await this.#size())
      const access = await this.#file.acquire()
      // Nobody else writes from here on.
      this.#checkEnd(position, access.getSize())
      writeAll(access, chunks, position)
    })
  }

  truncate(size: number): Promise<void> {
    return this.#run('truncate', async () => {
      const present = await this.#size()
      // A browser would extend the file.
      if (!(Number.isSafeInteger(size) && size >= 0 && size <= present))
        throw this.#conflict(`cut to ${size}, where the file ends at ${present}`)
      const access = await this.#file.acquire()
      access.truncate(size)
    })
  }

  sync(from?: number): Promise<void> {
    return this.#run('sync', async () => {
      const access = await this.#file.acquire()
      if (from !== undefined) rewriteFrom(access, from)
      access.flush()
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.allSettled(this.#underWay)
    this.#onClose()
  }

  /** Runs what is done at once, with the access that the file has been opened with. */
  protected now<T>(operation: string, call: (access: SyncAccessHandle) => T): T {
    this.#checkOpen(operation)
    try {
      const { access } = this.#file
      if (!access) throw new BackendError('BUSY', `${this.#where}: ${operation}: the file is being moved at this moment`)
      return call(access)
    } catch (error) {
      throw openFileError(error, `${this.#where}: ${operation}`)
    }
  }

  async #size(): Promise<number> {
    const { access } = this.#file
    return access ? access.getSize() : this.#beside(async (handle) => (await handle.getFile()).size)
  }

  async #beside<T>(look: (handle: SharedFile['stored']['handle']) => Promise<T>): Promise<T> {
    for (let looks = LOOKS; ; looks--) {
      try {
        return await look(this.#file.stored.handle)
      } catch (error) {
        if (looks === 1) throw error
      }
    }
  }

  async #run<T>(operation: string, call: () => Promise<T>): Promise<T> {
    this.#checkOpen(operation)
    const result = call()
    this.#underWay.add(result)
    try {
      return await result
    } catch (error) {
      throw openFileError(error, `${this.#where}: ${operation}`)
    } finally {
      this.#underWay.delete(result)
    }
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw new BackendError('IO', `${this.#where}: ${operation}: the file is closed`)
  }

  #checkEnd(position: number, end: number): void {
    if (position !== end) throw this.#conflict(`append at ${position}, where the file ends at ${end}`)
  }

  #conflict(what: string): BackendError {
    return new BackendError('CONFLICT', `${this.#where}: ${what}`)
  }
}

/** An open file of the one writer, who reads at once too. */
export class SyncOpfsFile extends OpfsFile {
  sizeSync(): number {
    return this.now('size', (access) => access.getSize())
  }

  readSync(target: Uint8Array, position: number): number {
    return this.now('read', (access) => readAt(access, target, position))
  }
}
