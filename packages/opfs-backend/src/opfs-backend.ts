import { assertFileName, BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import { Container, type Listing, type StoredFile, whenFree } from './container.js'
import { containerPath } from './container-path.js'
import { opfsError } from './opfs-error.js'
import { OpfsFile, SyncOpfsFile } from './opfs-file.js'
import { SharedFile } from './shared-file.js'
import { entryOf, nextGeneration } from './stored-name.js'
import { takeWriterLock, type WriterLock } from './writer-lock.js'

export interface OpfsBackendOptions {
  /**
   * How many files the writer keeps open beyond those in use, so that they can be opened at once: `readSync` serves as many, those with the greatest names first.
   * A browser opens files only with a promise. Default 64.
   */
  readonly keepOpen?: number
}

/**
 * Keeps a store's files in a directory of the browser's origin-private file system, `varve` by default, which may be a path: `stores/blocks`.
 * For a dedicated worker; on a page use `opfsPageBackend`. While it holds the writer lock it reads and writes through synchronous access handles, and
 * `openSync`, `readSync` and `sizeSync` are there; without the lock it reads beside the writer, asynchronously.
 */
export function opfsBackend(path = 'varve', { keepOpen = 64 }: OpfsBackendOptions = {}): FileBackend {
  if (!Number.isSafeInteger(keepOpen) || keepOpen < 0)
    throw new TypeError(`opfsBackend: keepOpen is a whole number from 0, not ${String(keepOpen)}`)
  return new OpfsBackend(new Container(containerPath(path)), keepOpen)
}

class OpfsBackend implements FileBackend {
  readonly description: string
  /** Only while it holds the lock: it is the only one then to know which files there are. */
  openSync?: (name: string) => BackendFile
  readonly #container: Container
  readonly #keepOpen: number
  /** By its entry, every file that is in use here or kept open; those that are only kept, the one kept longest first. */
  readonly #shared = new Map<string, SharedFile>()
  /** What the writer knows to be there. */
  #known: Map<string, StoredFile> | undefined

  constructor(container: Container, keepOpen: number) {
    this.description = `opfs ${container.path}`
    this.#container = container
    this.#keepOpen = keepOpen
  }

  async list(): Promise<readonly string[]> {
    return this.#run('list', async () => [...(await this.#files()).keys()])
  }

  async open(name: string): Promise<BackendFile> {
    return this.#run(`open ${name}`, async () => {
      assertFileName(name, this.description)
      const stored = await this.#find(name, await this.#files())
      const isWriter = this.#known !== undefined
      const file = this.#use(stored)
      try {
        if (isWriter) await file.acquire()
        return this.#opened(file, isWriter)
      } catch (error) {
        this.#unuse(file)
        throw error
      }
    })
  }

  async create(name: string): Promise<BackendFile> {
    return this.#run(`create ${name}`, async () => {
      assertFileName(name, this.description)
      return this.#changing(async (files) => {
        if (files.has(name)) throw new BackendError('ALREADY_EXISTS', `${this.description}: create ${name}: it is there already`)
        const created = { name, generation: nextGeneration() }
        const directory = await this.#container.make()
        const stored = { ...created, handle: await directory.getFileHandle(entryOf(created), { create: true }) }
        const file = this.#use(stored)
        try {
          await file.acquire()
        } catch (error) {
          this.#shared.delete(entryOf(stored))
          await this.#container.removeEntry(stored).catch(() => undefined)
          throw error
        }
        files.set(name, stored)
        return this.#opened(file, this.#known !== undefined)
      })
    })
  }

  async replace(from: string, to: string): Promise<void> {
    await this.#run(`replace ${to} by ${from}`, async () => {
      assertFileName(from, this.description)
      assertFileName(to, this.description)
      await this.#changing(async (files) => {
        const source = await this.#find(from, files)
        const target = files.get(to)
        const moved = { name: to, generation: nextGeneration(target?.generation), handle: source.handle }
        await this.#move(source, moved)
        files.delete(from)
        files.set(to, moved)
        // It has lost its name already; what is left of it is removed with the next lock, at the latest.
        if (target) await this.#removeEntry(target).catch(() => undefined)
      })
    })
  }

  async remove(name: string): Promise<void> {
    await this.#run(`remove ${name}`, async () => {
      assertFileName(name, this.description)
      await this.#changing(async (files) => {
        await this.#removeEntry(await this.#find(name, files))
        files.delete(name)
      })
    })
  }

  async lock(): Promise<BackendLock> {
    return this.#run('lock', async () => {
      const lock = await takeWriterLock(this.#container.path)
      try {
        await this.#container.make()
        const files = await this.#changing(async (all) => all)
        await this.#openAhead(files)
        this.#known = files
        this.openSync = (name) => this.#openNow(name)
      } catch (error) {
        await lock.release()
        throw error
      }
      lock.lost.addEventListener('abort', () => this.#giveUp())
      if (lock.lost.aborted) this.#giveUp()
      return this.#released(lock)
    })
  }

  async destroy(): Promise<void> {
    await this.#run('destroy', async () => {
      const lock = await takeWriterLock(this.#container.path)
      try {
        await this.#changing(async (files) => {
          if (files.size === 0) await this.#container.removeIfEmpty()
        })
      } finally {
        await lock.release()
      }
    })
  }

  async #files(): Promise<Map<string, StoredFile>> {
    return this.#known ?? (await this.#container.names('shared', () => this.#container.read())).files
  }

  /** Runs `action`, which changes names, with those that are there, while nobody else changes or looks at any. */
  async #changing<T>(action: (files: Map<string, StoredFile>) => Promise<T>): Promise<T> {
    return this.#container.names('exclusive', async () => action(this.#known ?? (await this.#tidied())))
  }

  async #tidied(): Promise<Listing['files']> {
    const { files, outdated } = await this.#container.read()
    for (const stored of outdated) await this.#container.removeEntry(stored)
    return files
  }

  async #find(name: string, files: Map<string, StoredFile>): Promise<StoredFile> {
    const stored = files.get(name)
    if (!stored) throw new BackendError('NOT_FOUND', `${this.description}: there is no ${name}`)
    return stored
  }

  async #move(source: StoredFile, moved: StoredFile): Promise<void> {
    const { handle } = source
    if (typeof handle.move !== 'function') throw new BackendError('UNSUPPORTED', `${this.description}: this browser moves no files`)
    const file = this.#shared.get(entryOf(source))
    if (!file) return whenFree(() => handle.move!(entryOf(moved)))
    await file.closedFor(() => whenFree(() => handle.move!(entryOf(moved))), { goesAway: false })
    this.#shared.delete(entryOf(source))
    file.stored = moved
    if (file.users > 0) this.#shared.set(entryOf(moved), file)
  }

  async #removeEntry(stored: StoredFile): Promise<void> {
    const file = this.#shared.get(entryOf(stored))
    if (!file) return this.#container.removeEntry(stored)
    await file.closedFor(() => this.#container.removeEntry(stored), { goesAway: true })
    this.#shared.delete(entryOf(stored))
  }

  #use(stored: StoredFile): SharedFile {
    const entry = entryOf(stored)
    const file = this.#shared.get(entry) ?? new SharedFile(stored)
    this.#shared.set(entry, file)
    file.users++
    return file
  }

  #unuse(file: SharedFile): void {
    file.users--
    if (file.users > 0) return
    const entry = entryOf(file.stored)
    // One that is gone is known no more.
    if (this.#shared.get(entry) !== file) return file.close()
    this.#shared.delete(entry)
    if (!this.#known || !file.access) return file.close()
    this.#shared.set(entry, file)
    this.#keepAtMost(this.#keepOpen)
  }

  #keepAtMost(count: number): void {
    const kept = [...this.#shared].filter(([, file]) => file.users === 0)
    for (const [entry, file] of kept.slice(0, Math.max(kept.length - count, 0))) {
      this.#shared.delete(entry)
      file.close()
    }
  }

  #opened(file: SharedFile, isWriter: boolean): BackendFile {
    return new (isWriter ? SyncOpfsFile : OpfsFile)(file, `${this.description}: ${file.stored.name}`, () => this.#unuse(file))
  }

  async #openAhead(files: Map<string, StoredFile>): Promise<void> {
    const newest = [...files.values()].sort((a, b) => (a.name < b.name ? 1 : -1)).slice(0, this.#keepOpen)
    for (const stored of newest) {
      const entry = entryOf(stored)
      const file = this.#shared.get(entry) ?? new SharedFile(stored)
      await file.acquire()
      this.#shared.set(entry, file)
    }
  }

  #openNow(name: string): BackendFile {
    assertFileName(name, this.description)
    const stored = this.#known?.get(name)
    if (!stored) throw new BackendError('NOT_FOUND', `${this.description}: there is no ${name}`)
    const file = this.#shared.get(entryOf(stored))
    if (!file?.access)
      throw new BackendError(
        'TOO_MANY_OPEN',
        `${this.description}: ${name} is none of the ${this.#keepOpen} files kept open: open it with a promise`,
      )
    file.users++
    return this.#opened(file, true)
  }

  #giveUp(): void {
    this.#known = undefined
    delete this.openSync
    this.#keepAtMost(0)
  }

  #released(lock: WriterLock): BackendLock {
    let isHeld = true
    return {
      description: lock.description,
      lost: lock.lost,
      release: async () => {
        if (isHeld) this.#giveUp()
        isHeld = false
        await lock.release()
      },
    }
  }

  async #run<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw opfsError(error, `${this.description}: ${what}`)
    }
  }
}
