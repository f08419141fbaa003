import { BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'

/** The files of a store, by name. */
export type FileMap = Map<string, Uint8Array>

/**
 * A backend over a map, as small as can be: the rig opens a store for each of a hundred thousand damaged copies, and opening is most of what it
 * does. It keeps the contract for a store that behaves; the conformance suite is what holds backends to it.
 */
export function fileMapBackend(files: FileMap): FileBackend {
  let isLocked = false
  const missing = (name: string): BackendError => new BackendError('NOT_FOUND', `there is no ${name}`)
  return {
    description: 'map of files',
    list: async () => [...files.keys()],
    open: async (name) => {
      if (!files.has(name)) throw missing(name)
      return new MapFile(files, name)
    },
    create: async (name) => {
      if (files.has(name)) throw new BackendError('ALREADY_EXISTS', `there is a ${name}`)
      files.set(name, new Uint8Array(0))
      return new MapFile(files, name)
    },
    replace: async (from, to) => {
      const bytes = files.get(from)
      if (!bytes) throw missing(from)
      files.delete(from)
      files.set(to, bytes)
    },
    remove: async (name) => {
      if (!files.delete(name)) throw missing(name)
    },
    lock: async (): Promise<BackendLock> => {
      if (isLocked) throw new BackendError('LOCKED', 'held in this process')
      isLocked = true
      return { description: 'in this process', release: async () => void (isLocked = false) }
    },
    destroy: async () => {},
  }
}

class MapFile implements BackendFile {
  readonly #files: FileMap
  readonly #name: string

  constructor(files: FileMap, name: string) {
    this.#files = files
    this.#name = name
  }

  get #bytes(): Uint8Array {
    const bytes = this.#files.get(this.#name)
    if (!bytes) throw new BackendError('IO', `${this.#name} is gone`)
    return bytes
  }

  async size(): Promise<number> {
    return this.#bytes.length
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const bytes = this.#bytes.subarray(position, position + target.length)
    target.set(bytes)
    return bytes.length
  }

  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const before = this.#bytes
    if (position !== before.length) throw new BackendError('CONFLICT', `${this.#name} ends at ${before.length}, not at ${position}`)
    const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, position))
    bytes.set(before)
    let at = position
    for (const chunk of chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    this.#files.set(this.#name, bytes)
  }

  async truncate(size: number): Promise<void> {
    this.#files.set(this.#name, this.#bytes.slice(0, size))
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}
