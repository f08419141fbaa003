import type { FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { FILE_HEADER_BYTES, type FileHeader } from '../format/file-header.js'
import type { FileNaming } from '../format/file-name.js'
import { checkFileHeader, OpenFile, type StoreIdentity } from './open-file.js'

const MAX_OPEN = 64

/** The data files that are open: a bounded number, shared by all readers, each closed only when nobody reads it. */
export class FileSet {
  readonly identity: StoreIdentity
  readonly naming: FileNaming
  readonly #backend: FileBackend
  readonly #open = new Map<number, OpenFile>()
  readonly #opening = new Map<number, Promise<OpenFile | undefined>>()
  /** Files that are being replaced or removed: whoever wants one waits. */
  readonly #exclusive = new Map<number, Promise<void>>()
  #pinned: OpenFile | undefined
  #uses = 0
  #closed = false

  constructor(backend: FileBackend, naming: FileNaming, identity: StoreIdentity) {
    this.#backend = backend
    this.naming = naming
    this.identity = identity
  }

  /** How many files are open. */
  get size(): number {
    return this.#open.size
  }

  get canReadSync(): boolean {
    return this.#backend.openSync !== undefined
  }

  /** The file, if it is open and free; give it back with {@link release}. */
  acquireOpen(index: number): OpenFile | undefined {
    const open = this.#open.get(index)
    return open && !open.retired ? this.#use(open) : undefined
  }

  /** The file, opened if need be, or undefined where there is none; give it back with {@link release}. */
  async acquire(index: number): Promise<OpenFile | undefined> {
    for (;;) {
      this.#checkNotClosed()
      await this.#exclusive.get(index)
      const open = this.acquireOpen(index)
      if (open) return open
      if (this.#exclusive.has(index)) continue
      let opening = this.#opening.get(index)
      if (!opening) {
        opening = this.#load(index).finally(() => this.#opening.delete(index))
        this.#opening.set(index, opening)
      }
      const loaded = await opening
      if (!loaded) return undefined
      if (!loaded.retired) return this.#use(loaded)
    }
  }

  /** The same at once; only where {@link canReadSync}. */
  acquireSync(index: number): OpenFile | undefined {
    this.#checkNotClosed()
    const open = this.acquireOpen(index)
    if (open || !this.#backend.openSync || this.#exclusive.has(index)) return open
    const name = this.naming.dataFile(index)
    try {
      const file = this.#backend.openSync(name)
      try {
        const bytes = new Uint8Array(FILE_HEADER_BYTES)
        const read = file.readSync?.(bytes, 0) ?? 0
        const header = this.#checked(name, bytes.subarray(0, read), index)
        return this.#use(this.#keep(new OpenFile(name, file, header, file.sizeSync?.() ?? 0)))
      } catch (error) {
        void file.close()
        throw error
      }
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return undefined
      throw backendFailure(`open ${name}`, error)
    }
  }

  release(open: OpenFile): void {
    open.users--
    if (open.users === 0) open.whenUnused?.()
  }

  /** Runs `action` with the file, if there is one. */
  async with<T>(index: number, action: (open: OpenFile) => Promise<T>): Promise<T | undefined> {
    const open = await this.acquire(index)
    if (!open) return undefined
    try {
      return await action(open)
    } finally {
      this.release(open)
    }
  }

  /** Takes in a file that the writer opened, and keeps it open for as long as the writer writes to it. */
  pin(open: OpenFile): void {
    this.#pinned = this.#keep(open)
  }

  /**
   * Runs `action` while nobody has the file open: waits for those who read it now, lets nobody in meanwhile.
   * For replacing or removing it.
   */
  async exclusive<T>(index: number, action: () => Promise<T>): Promise<T> {
    let done = (): void => {}
    this.#exclusive.set(index, new Promise<void>((resolve) => void (done = resolve)))
    try {
      await this.#opening.get(index)?.catch(() => undefined)
      const open = this.#open.get(index)
      if (open) await this.#retire(open)
      return await action()
    } finally {
      this.#exclusive.delete(index)
      done()
    }
  }

  /** Closes the file once nobody reads it; the next reader opens it anew. */
  async forget(index: number): Promise<void> {
    const open = this.#open.get(index)
    if (open) await this.#retire(open)
  }

  async closeAll(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open.values()].map((open) => this.#retire(open)))
  }

  #checkNotClosed(): void {
    if (this.#closed) throw new VarveError('NOT_RUNNING', 'the store was stopped meanwhile')
  }

  #use(open: OpenFile): OpenFile {
    open.users++
    open.lastUse = ++this.#uses
    return open
  }

  #keep(open: OpenFile): OpenFile {
    this.#open.set(open.index, open)
    open.lastUse = ++this.#uses
    if (this.#open.size > MAX_OPEN) this.#evict()
    return open
  }

  async #load(index: number): Promise<OpenFile | undefined> {
    const name = this.naming.dataFile(index)
    try {
      return this.#keep(await this.#openFile(name, index))
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return undefined
      if (isBackendError(error, 'TOO_MANY_OPEN') && (await this.#closeUnused()) > 0) return this.#load(index)
      throw backendFailure(`open ${name}`, error)
    }
  }

  async #openFile(name: string, index: number): Promise<OpenFile> {
    const file = await this.#backend.open(name)
    try {
      const bytes = new Uint8Array(FILE_HEADER_BYTES)
      const read = await file.read(bytes, 0)
      const header = this.#checked(name, bytes.subarray(0, read), index)
      const size = await file.size()
      this.#checkNotClosed()
      return new OpenFile(name, file, header, size)
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
  }

  #checked(name: string, bytes: Uint8Array, index: number): FileHeader {
    return checkFileHeader(name, bytes, index, this.identity.genesis, this.identity.storeId)
  }

  #evict(): void {
    let oldest: OpenFile | undefined
    for (const open of this.#open.values()) {
      if (open.users === 0 && open !== this.#pinned && (!oldest || open.lastUse < oldest.lastUse)) oldest = open
    }
    if (oldest) void this.#retire(oldest)
  }

  async #closeUnused(): Promise<number> {
    const unused = [...this.#open.values()].filter((open) => open.users === 0 && open !== this.#pinned)
    await Promise.all(unused.map((open) => this.#retire(open)))
    return unused.length
  }

  async #retire(open: OpenFile): Promise<void> {
    open.retired = true
    if (this.#open.get(open.index) === open) this.#open.delete(open.index)
    if (this.#pinned === open) this.#pinned = undefined
    if (open.users > 0) await new Promise<void>((resolve) => void (open.whenUnused = resolve))
    // A handle that can't be closed can't be used either; there is nothing left to do with it.
    await open.file.close().catch(() => undefined)
  }
}
