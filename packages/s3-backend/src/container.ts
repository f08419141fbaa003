import { BackendError, type BackendLock } from '@varve/backend'
import { Keys } from './keys.js'
import { Maintenance } from './maintenance.js'
import { closeRuns, type Manifest, type Run } from './manifest.js'
import { ManifestChain } from './manifest-chain.js'
import { ObjectStore } from './object-store.js'
import type { ResolvedOptions } from './options.js'
import { listParts } from './part-list.js'
import { PartReader } from './part-reader.js'
import { Parts } from './parts.js'
import { WriterLock } from './writer-lock.js'

/** All that the files and the backend share: one session of one program with one prefix of a bucket. */
export class Container {
  readonly options: ResolvedOptions
  readonly description: string
  /** Tells this session from every other there was or will be. */
  readonly session = crypto.randomUUID().replaceAll('-', '').slice(0, 16)
  readonly keys: Keys
  readonly store: ObjectStore
  readonly chain: ManifestChain
  readonly reader: PartReader
  readonly maintenance: Maintenance
  readonly #files = new Map<string, Parts>()
  #lock: WriterLock | undefined
  #count = 0

  constructor(options: ResolvedOptions) {
    this.options = options
    this.description = `s3://${options.bucket}/${options.prefix.replace(/\/$/, '')}`
    this.keys = new Keys(options.prefix)
    this.store = new ObjectStore(options, this.description)
    this.chain = new ManifestChain(this.store, this.keys, this.session, this.description)
    this.reader = new PartReader(this.store, options.cacheBytes)
    this.maintenance = new Maintenance(this)
  }

  /** A name for a run or a file that nobody has used or will use. */
  unique(): string {
    return `${this.session}-${++this.#count}`
  }

  /** Whether nobody else changes anything: then what is known here is so, without a look. */
  get isSoleWriter(): boolean {
    const lock = this.#lock
    return lock?.isHeld === true && this.chain.current.epoch === lock.epoch
  }

  get lock(): WriterLock | undefined {
    return this.#lock
  }

  /** Sees what others have changed, unless nobody can have. */
  async refresh(): Promise<void> {
    if (!this.isSoleWriter) await this.chain.refresh()
  }

  /** Changes the names or the make-up of files. `CONFLICT` where another writer holds the lock by now. */
  async update(what: string, change: (current: Manifest) => Manifest | undefined): Promise<void> {
    await this.chain.update((current) => {
      this.#assertWriter(current, what)
      return change(this.maintenance.settle(current))
    })
    this.maintenance.committed()
  }

  /** Takes the lock, and ends the runs of every writer before. */
  async takeLock(): Promise<BackendLock> {
    const lock = await WriterLock.take(this, this.#lock?.isHeld ? this.#lock : undefined)
    this.#lock = lock
    for (const parts of this.#files.values()) parts.forget()
    try {
      await this.#endOpenRuns()
    } catch (error) {
      await lock.release().catch(() => undefined)
      throw error
    }
    this.maintenance.start()
    return lock
  }

  forgetLock(lock: WriterLock): void {
    if (this.#lock === lock) this.#lock = undefined
  }

  /** An append met the object of somebody else: there is another writer, and it was first. */
  fenced(what: string): BackendError {
    const error = new BackendError('CONFLICT', `${what}: another writer has taken over`)
    this.#lock?.lose(error)
    return error
  }

  /** What is known of a file's parts, shared by all who have it open; give it back with {@link leave}. */
  join(id: string): Parts {
    const parts = this.#files.get(id) ?? new Parts(this, id)
    this.#files.set(id, parts)
    parts.users++
    return parts
  }

  leave(parts: Parts): void {
    if (--parts.users === 0 && !parts.isExtending) this.#files.delete(parts.id)
  }

  /** Makes sure that nobody extends an open run of another session any more, and says where it ends for good. */
  async fence(run: Run, what: string): Promise<number> {
    const list = await listParts(this.store, this.keys, run)
    for (;;) {
      if (list.isFenced) return list.end
      const key = this.keys.part(run.path, list.end)
      const token = `${this.session}:fence`
      if (await this.store.putNew(key, new Uint8Array(0), token)) return list.end
      const before = list.end
      await list.extend(this.store, this.keys)
      if (!list.isFenced && list.end === before) throw new BackendError('IO', `${what}: ${key} is there, and is not listed`)
    }
  }

  /** The runs that this session extends, with their ends where those are known for certain. */
  ownEnds(): ReadonlyMap<string, number> {
    const ends = new Map<string, number>()
    for (const parts of this.#files.values()) if (parts.ownRun) ends.set(parts.ownRun.path, parts.ownRun.end)
    return ends
  }

  async #endOpenRuns(): Promise<void> {
    const what = `${this.description}: lock`
    const ends = new Map<string, number>()
    const open = [...this.chain.current.files.values()].flatMap(({ runs }) => runs.filter(({ end }) => end === undefined))
    await Promise.all(open.map(async (run) => void ends.set(run.path, await this.fence(run, what))))
    if (open.length === 0) return
    await this.update(what, (current) => closeRuns(current, ends))
  }

  #assertWriter(current: Manifest, what: string): void {
    const lock = this.#lock
    if (lock?.isHeld && current.epoch === lock.epoch) return
    if (lock) {
      const error = new BackendError(
        'CONFLICT',
        `${what}: another writer has taken over: ${current.holder?.description ?? 'it is gone again'}`,
      )
      lock.lose(error)
      throw error
    }
    if (current.holder)
      throw new BackendError('CONFLICT', `${what}: ${current.holder.description} is the writer, and this program does not hold its lock`)
  }
}
