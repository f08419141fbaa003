import type { FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import type { FileNaming } from '../format/file-name.js'
import { FileOpener } from './file-opener.js'
import type { OpenFile, StoreIdentity } from './open-file.js'

const MAX_OPEN = 64

/** The data files that are open: a bounded number, shared by all readers, each closed only when nobody reads it. */
export class FileSet {
  readonly identity: StoreIdentity
  readonly naming: FileNaming
  readonly #opener: FileOpener
  readonly #open = new Map<number, OpenFile>()
  readonly #opening = new Map<number, Promise<OpenFile | undefined>>()
  /** Files that are being replaced or removed: whoever wants one waits. */
  readonly #exclusive = new Map<number, Promise<void>>()
  /** How often another file took the place of one, or it was removed. */
  readonly #generations = new Map<number, number>()
  #pinned: OpenFile | undefined
  #uses = 0
  #closed = false

  constructor(backend: FileBackend, naming: FileNaming, identity: StoreIdentity, { isBesideWriter }: { readonly isBesideWriter: boolean }) {
    this.naming = naming
    this.identity = identity
    this.#opener = new FileOpener({ backend, naming, identity, isBesideWriter })
  }

  /** How many files are open. */
  get size(): number {
    return this.#open.size
  }

  get canReadSync(): boolean {
    return this.#opener.canOpenSync
  }

  /** The file, if it is open and free; give it back with {@link release}. */
  acquireOpen(index: number): OpenFile | undefined {
    const open = this.#open.get(index)
    return open && !open.retired ? this.#use(open) : undefined
  }

  /** The file, if it is open and free, for a look that is over before anything else happens. */
  glance(index: number): OpenFile | undefined {
    const open = this.#open.get(index)
    if (!open || open.retired) return undefined
    open.lastUse = ++this.#uses
    return open
  }

  /** The file, opened if need be, or undefined where there is none; give it back with {@link release}. */
  async acquire(index: number): Promise<OpenFile | undefined> {
    for (let isFresh = false; ; isFresh = true) {
      this.#checkNotClosed()
      await this.#exclusive.get(index)
      const open = this.acquireOpen(index)
      if (open) return open
      if (this.#exclusive.has(index)) continue
      const underWay = this.#opening.get(index)
      // One that was under way before may have failed, or found nothing, before this was asked: then only another one is an answer.
      const isAnswer = isFresh || !underWay
      try {
        const loaded = await (underWay ?? this.#beginOpening(index))
        if (loaded && !loaded.retired) return this.#use(loaded)
        if (!loaded && isAnswer) return undefined
      } catch (error) {
        if (isAnswer) throw error
      }
    }
  }

  /** The same at once; only where {@link canReadSync}. `BUSY` where the file is being replaced or removed this very moment. */
  acquireSync(index: number): OpenFile | undefined {
    this.#checkNotClosed()
    const open = this.acquireOpen(index)
    if (open || !this.canReadSync) return open
    const name = this.naming.dataFile(index)
    if (this.#exclusive.has(index))
      throw new VarveError('BUSY', `open ${name}: it is being trimmed or dropped at this moment; read can wait for that`)
    try {
      return this.#use(this.#keep(this.#opener.openSync(index)))
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return undefined
      throw backendFailure(`open ${name}`, error)
    }
  }

  /** Beside a writer: whether the file is there now, and was ever used. One that was not may go again: whoever recovers from a crash removes it. */
  async isUsed(index: number): Promise<boolean> {
    if (!(await this.exists(index))) return false
    // What keeps it from being opened is told when it is its turn.
    return this.with(index, async () => true).then(
      (isThere) => isThere === true,
      () => true,
    )
  }

  /** Whether the file is there now, whatever is open. */
  exists(index: number): Promise<boolean> {
    return this.#opener.exists(index)
  }

  /** The same at once; only where {@link canReadSync}. */
  existsSync(index: number): boolean {
    return this.#opener.existsSync(index)
  }

  release(open: OpenFile): void {
    open.users--
    if (open.users > 0) return
    open.whenUnused?.()
    // While all were in use there may have been more than are kept open.
    if (this.#open.size > MAX_OPEN) this.#evict()
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
    this.#generations.set(index, this.generationOf(index) + 1)
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

  /** A number that changes whenever {@link exclusive} lets another file take the place of this one. */
  generationOf(index: number): number {
    return this.#generations.get(index) ?? 0
  }

  /** Bytes of these files together, without those that can't be opened. */
  async sizeOf(indexes: readonly number[]): Promise<number> {
    let bytes = 0
    for (const index of indexes) bytes += (await this.with(index, async (open) => open.physical(open.end)).catch(() => 0)) ?? 0
    return bytes
  }

  /** How many bytes a file has that can't be used; 0 where even that can't be told. */
  sizeOfUnusable(index: number): Promise<number> {
    return this.#opener.sizeOfUnusable(index)
  }

  /** Closes the file once nobody reads it; the next reader opens it anew. */
  async forget(index: number): Promise<void> {
    const open = this.#open.get(index)
    if (open) await this.#retire(open)
  }

  async closeAll(): Promise<void> {
    this.#closed = true
    // What is being opened now is closed as soon as it is open.
    await Promise.allSettled([...this.#opening.values(), ...[...this.#open.values()].map((open) => this.#retire(open))])
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
    const other = this.#open.get(open.index)
    this.#open.set(open.index, open)
    if (other && other !== open) void this.#retire(other)
    open.lastUse = ++this.#uses
    if (this.#open.size > MAX_OPEN) this.#evict(open)
    return open
  }

  #beginOpening(index: number): Promise<OpenFile | undefined> {
    const opening = this.#load(index).finally(() => this.#opening.delete(index))
    this.#opening.set(index, opening)
    return opening
  }

  async #load(index: number): Promise<OpenFile | undefined> {
    const name = this.naming.dataFile(index)
    try {
      const opened = await this.#opener.open(index)
      if (this.#closed) await opened.file.close().catch(() => undefined)
      this.#checkNotClosed()
      // Meanwhile it may have been opened at once, or created by the writer.
      const open = this.#open.get(index)
      if (!open) return this.#keep(opened)
      await opened.file.close().catch(() => undefined)
      return open
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return undefined
      if (isBackendError(error, 'TOO_MANY_OPEN') && (await this.#closeUnused()) > 0) return this.#load(index)
      throw backendFailure(`open ${name}`, error)
    }
  }

  /** Closes the one that was not used for longest, if there is one that nobody uses; never `fresh`, which its opener is about to use. */
  #evict(fresh?: OpenFile): void {
    let oldest: OpenFile | undefined
    for (const open of this.#open.values()) {
      if (open.users === 0 && open !== this.#pinned && open !== fresh && (!oldest || open.lastUse < oldest.lastUse)) oldest = open
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
