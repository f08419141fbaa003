import type { FileBackend } from '@varve/backend'
import { type Clock, systemClock } from './clock.js'
import type { CopyOptions, CopyReport } from './copy/copy-store.js'
import type { Cursor } from './cursor/cursor.js'
import type { CursorInfo, Cursors } from './cursor/cursors.js'
import { Emitter } from './emitter.js'
import { storeFailure, VarveError } from './errors.js'
import type { Listener, VarveEventName } from './events.js'
import { FileNaming } from './format/file-name.js'
import type { Location } from './location.js'
import { destroyStore } from './maintain/destroy-store.js'
import type { Holder } from './maintain/holder.js'
import type { TrimOptions } from './maintain/maintenance.js'
import type { RepairOptions, RepairReport } from './maintain/repair.js'
import type { VerifyOptions, VerifyReport } from './maintain/verify.js'
import { onFirstUse } from './on-first-use.js'
import { type ResolvedOptions, resolveOptions, type VarveOptions } from './options.js'
import { readMany } from './read/read-many.js'
import type { ReadStreamOptions } from './read/read-stream.js'
import { loadScans, scan } from './read/scan.js'
import { checkScanOptions, type Scan, type ScannedItem, type ScannedLocation, type ScanOptions } from './read/scan-options.js'
import { loadReplication } from './replicate/load-replication.js'
import type { Session } from './session/session.js'
import { STORE_PARTS, type StoreParts } from './session/store-parts.js'
import type { WritableSession } from './session/writable-session.js'
import type { VarveState, VarveStats } from './stats.js'
import type { Transaction } from './write/transaction.js'
import type { AddOptions } from './write/writer.js'

export interface ReadOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/**
 * A store of byte items. `add` gives an item a location, `read` gives the bytes back. What is added gathers in memory, is laid down
 * in numbered files through a backend, and is checked whenever it is read.
 *
 * An item whose durability was acknowledged (a durable `add`, a `commit`, a `flush`, `whenDurable`, a clean `stop`) survives a power loss and is never
 * served wrong. One that was not is there whole or not at all after a crash.
 *
 * Every verb rejects with `NOT_RUNNING` before `start` and after `stop`, and with `FAILED` once the store has failed, but for reads of what is durable.
 */
export class Varve {
  readonly #backend: FileBackend
  readonly #options: ResolvedOptions
  readonly #clock: Clock
  readonly #emitter: Emitter
  readonly #holders = new Set<Holder>()
  readonly #cursors = new WeakMap<Session, Promise<Cursors>>()
  #overwrite: boolean
  #state: VarveState = 'idle'
  #session: Session | undefined
  /** The session again, where this program is the writer. */
  #writable: WritableSession | undefined
  #failure: VarveError | undefined
  #endRetention = (): void => {}
  /** The last start or stop that was asked for and is not over. */
  #transition: { readonly to: 'running' | 'stopped'; readonly done: Promise<void> } | undefined

  /** A store that is not started yet. `INVALID_OPTION` names the option, its value and what is allowed. */
  constructor(backend: FileBackend, options?: VarveOptions)
  /** @internal */
  constructor(backend: FileBackend, options: VarveOptions | undefined, clock: Clock)
  constructor(backend: FileBackend, options: VarveOptions = {}, clock: Clock = systemClock) {
    if (typeof backend?.list !== 'function') throw new TypeError('the first argument is a backend, such as fsBackend(directory)')
    this.#backend = backend
    this.#options = resolveOptions(options)
    this.#clock = clock
    this.#emitter = new Emitter(this.#options.logger, clock.now)
    this.#overwrite = this.#options.overwrite
  }

  /** A store that runs: the constructor and {@link start} in one. With `await using` it is stopped at the end of its scope. */
  static async open(backend: FileBackend, options?: VarveOptions): Promise<Varve> {
    const store = new Varve(backend, options)
    await store.start()
    return store
  }

  /**
   * Makes a damaged store whole, so that it can be opened for writing and {@link verify} finds no damage; the store must not be running, here or anywhere (`LOCKED`). Where nothing is damaged it does nothing.
   *
   * It finds out first what it has to do, which is all that happens with `dryRun`. What it then cuts off, overwrites or sets aside is first kept in the store's container, durably, under names that begin with
   * `.quarantine.`: no start and no later repair removes them, only {@link destroy} does. Every intact item stays where it is, with its location and sequence. An item that is lost keeps its place and its sequence: to read it is `CORRUPT`.
   * A file that is missing, or none of this store, gets an empty one in its place. Each file is replaced in one step: after a crash another repair does the rest.
   *
   * Errors: those of {@link start}, of which `GENESIS_MISMATCH`, `UNSUPPORTED_VERSION` and `INVALID_OPTION` mean that this is not the store that was meant; `FOREIGN_FILE` where as many files are of one store as of another;
   * `CORRUPT` where no file header is left to go by, or where what is there is no store that rot has damaged. A torn end of the last file is no damage: the next start cuts it off.
   */
  static async repair(backend: FileBackend, options: RepairOptions = NO_OPTIONS): Promise<RepairReport> {
    if (typeof backend?.list !== 'function') throw new TypeError('the first argument is a backend, such as fsBackend(directory)')
    const { dryRun, signal, onProgress, ...store } = options
    const resolved = resolveOptions(store)
    const { repairStore } = await loadRepair()
    return repairStore(backend, resolved, options)
  }

  /**
   * Loads now what is otherwise loaded when it is first needed: the parts for writing, for reading beside a writer, for scans that go backwards or around damage, for `readStream`, cursors, retention, removals, `copyTo`, `replicate`, `verify` and `repair`.
   * For a program that may be offline by then, or whose files may be replaced while it runs. Rejects as `import()` does, and can be called again.
   */
  static async preload(): Promise<void> {
    const [{ loadMaintenance }] = await Promise.all([
      loadWriting(),
      loadReading(),
      loadScans(),
      loadStream(),
      loadCursors(),
      loadRetention(),
      loadVerify(),
      loadRepair(),
      loadCopy(),
      loadReplication(),
    ])
    await loadMaintenance()
  }

  /** @internal */
  get [STORE_PARTS](): StoreParts {
    return {
      backend: this.#backend,
      options: this.#options,
      clock: this.#clock,
      emitter: this.#emitter,
      session: (operation) => this.#readable(operation),
      hold: (holder) => {
        this.#holders.add(holder)
        return () => void this.#holders.delete(holder)
      },
    }
  }

  get state(): VarveState {
    return this.#state
  }

  get options(): ResolvedOptions {
    return this.#options
  }

  /**
   * Opens the store, and makes it where there is none. What a crash left unfinished is cut off, kept beside the store and told by a `recover` event;
   * everything that is served from here on is durable. After a clean stop this costs the same whatever the store's size.
   *
   * Errors: `LOCKED` (who holds it is in the message), `NOT_FOUND`, `CORRUPT`, `FILE_MISSING`, `FOREIGN_FILE`, `GENESIS_MISMATCH`, `UNSUPPORTED_VERSION`,
   * `INVALID_OPTION` where the files there have another prefix or padding, `RUNNING` where it runs already, and the backend's. With an error nothing was served, and the lock is free.
   */
  start(): Promise<void> {
    return this.#inTurn('running', () => this.#start())
  }

  /**
   * Lays down and syncs all that was added, adds that still wait for room included, ends the last file in a closing block and gives the lock back. Where the last flush
   * can't be written it rejects with the cause, and the store runs on with everything still in memory; where it does not end within `timeout`
   * it rejects with `TIMEOUT` and the store has failed. Where only a read does not end within that time it rejects with `TIMEOUT` too, but everything is durable and the store has stopped.
   * Stopping what does not run does nothing; a second call waits for the first. Starts and stops take effect in the order of the calls.
   */
  stop(): Promise<void> {
    return this.#inTurn('stopped', () => this.#stop())
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  /** Calls `listener` at every event of that name, in order; a failing one is reported by `failure` and stops nothing. Returns the function that takes it off. */
  on<Name extends VarveEventName>(name: Name, listener: Listener<Name>): () => void {
    return this.#emitter.on(name, listener)
  }

  /**
   * Stores an item and resolves to its location once it is accepted: it can be read from then on, and is durable after the next flush. With `durable` it resolves once it is on stable storage;
   * adds that wait together share a sync.
   *
   * `data` is copied at once where there is room; else when it is accepted, so leave it alone until the promise resolves. Where the buffer is full it waits, for at most `timeout`
   * (`TIMEOUT`: nothing was taken). Errors: `TypeError` for anything but a `Uint8Array`, `EMPTY_ITEM`, `ITEM_TOO_LARGE`, `FULL`; with `durable` also the write's own (`NO_SPACE`, `IO`, …) with
   * `pending: true` and the location, as the item stays in memory and is written later. `FAILED` with a location: it may or may not be there after the next start.
   */
  add(data: Uint8Array, options: AddOptions = NO_OPTIONS): Promise<Location> {
    const { session, error } = this.#running('add')
    return session ? session.writer.add(data, options) : Promise.reject(error)
  }

  /** Stores items in order and resolves to a location for each. Not atomic: an error carries the `locations` of those that were accepted before it. With `durable` it resolves when all are. `NOT_RUNNING` where the store is stopped before it has taken all. */
  async addMany(items: Iterable<Uint8Array>, options: AddOptions = NO_OPTIONS): Promise<Location[]> {
    if (typeof items?.[Symbol.iterator] !== 'function' || items instanceof Uint8Array)
      throw new TypeError('addMany takes an iterable of Uint8Array')
    return this.#writer('addMany').writer.addMany(items, options)
  }

  /**
   * The item at a location, as a copy that is the caller's; from memory where it is still there, else from its file. `undefined` where nothing is stored: an index or position
   * that was never used, or was trimmed or dropped. `INVALID_LOCATION` where no item of that size starts there, `CORRUPT` where its bytes are damaged. Works in state `failed` for what is durable.
   */
  read(location: Location, options: ReadOptions = NO_OPTIONS): Promise<Uint8Array | undefined> {
    // Not async: the promise of what has to wait would be one more around it.
    try {
      return this.#readable('read').reader.read(location, options.signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** {@link read} at once, where the backend can (`UNSUPPORTED` otherwise). It blocks the program for as long as the medium takes. `BUSY` at the moment at which the file is being trimmed or dropped, which `read` waits for. */
  readSync(location: Location): Uint8Array | undefined {
    return this.#readable('readSync').reader.readSync(location)
  }

  /** {@link read} for many, in the order given; neighbours are fetched together. The first error there is rejects all. */
  async readMany(locations: readonly Location[], { signal }: ReadOptions = NO_OPTIONS): Promise<(Uint8Array | undefined)[]> {
    if (!Array.isArray(locations)) throw new TypeError('readMany takes an array of locations')
    const { files, reader } = this.#readable('readMany')
    return readMany(files, reader, locations, signal)
  }

  /**
   * A stream of an item's bytes, a piece at a time, or `undefined` where nothing is stored. Read whole, the item is checked at its end: a damaged one ends the stream
   * in `CORRUPT` instead of closing it. A part (`start`, `end`) can't be checked. `INVALID_LOCATION` ends the stream where the item is trimmed or dropped meanwhile.
   */
  async readStream(location: Location, options: ReadStreamOptions = NO_OPTIONS): Promise<ReadableStream<Uint8Array> | undefined> {
    const { files, reader } = this.#readable('readStream')
    const { readStream } = await loadStream()
    return readStream(files, reader, location, options)
  }

  /**
   * The items in order of adding. Durable ones only, unless `buffered`; with `follow` it goes on with what comes. It survives rotation, trims and drops: what is removed before it gets there is not shown.
   * When the store stops, a follower that has shown everything ends; a scan that has not rejects with `NOT_RUNNING`. When it fails, a follower rejects with `FAILED` once it has shown what is durable.
   * Damage ends it with `CORRUPT`. Small items are shown in half the time by `scan().batches()`.
   */
  scan(options: ScanOptions = NO_OPTIONS): Scan<ScannedItem> {
    checkScanOptions(options)
    return scan(this.#readable('scan').source, options, true)
  }

  /** {@link scan} without the items' bytes, which are not read; only their places are checked. */
  locations(options: ScanOptions = NO_OPTIONS): Scan<ScannedLocation> {
    checkScanOptions(options)
    return scan(this.#readable('locations').source, options, false)
  }

  /**
   * A cursor by its name, which a consumer of the items has its place in: it remembers, in the store and on stable storage, what was committed, and goes on from there after a crash. A new one begins at the first item. Copies take it along.
   * In a store that was opened with `readOnly` it can be read, not moved. Errors: `INVALID_OPTION` for a name that none can have, `CORRUPT`, `FOREIGN_FILE` or `UNSUPPORTED_VERSION` for a file that is not what it should be.
   */
  async cursor(name: string): Promise<Cursor> {
    return (await this.#cursorsOf('cursor')).open(name)
  }

  /** All named cursors, and where they are. */
  async cursors(): Promise<CursorInfo[]> {
    return (await this.#cursorsOf('cursors')).list()
  }

  /** Forgets a cursor, durably; a damaged one too. What still holds it makes it anew when it commits. */
  async removeCursor(name: string): Promise<void> {
    await (await this.#cursorsOf('removeCursor')).remove(name)
  }

  #cursorsOf(operation: string): Promise<Cursors> {
    const session = this.#readable(operation)
    let cursors = this.#cursors.get(session)
    if (!cursors) {
      const parts = { backend: this.#backend, session, emitter: this.#emitter, checkWritable: (name: string) => void this.#writer(name) }
      cursors = Promise.resolve(loadCursors()).then(
        ({ Cursors }) => new Cursors(parts),
        (error: unknown) => {
          this.#cursors.delete(session)
          throw error
        },
      )
      this.#cursors.set(session, cursors)
    }
    return cursors
  }

  /** A set of items that will be stored all or none. */
  transaction(): Transaction {
    const session = this.#writer('transaction')
    return session.transaction((operation) => {
      if (this.#writer(operation) !== session)
        throw new VarveError('NOT_RUNNING', `${operation}: the store was stopped since this transaction began`)
    })
  }

  /** Resolves when everything accepted so far is on stable storage. Rejects with the write's error where it can't be written now; it stays in memory and is written later. */
  async flush(): Promise<void> {
    await this.#writer('flush').writer.flush()
  }

  /** Resolves when the item there is on stable storage, at once if it is. It asks for no flush: with `durability: 'os'` that may be as late as `stop`. `INVALID_LOCATION` beyond what was given out, `FAILED` where it never will be. */
  async whenDurable(location: Location): Promise<void> {
    const { writer } = this.#writer('whenDurable', true)
    await writer.whenDurable(location)
  }

  /**
   * Removes a file's items before `position`, which is the position of the first item to keep (or the end of the last). Resolves, once that is durable, to the bytes of the items removed.
   * Positions do not move; the locations removed read as nothing for ever. After a crash it is done or not begun. Errors: `OVERWRITE_DISABLED`, `INDEX_NOT_FOUND`, `INVALID_LOCATION`, `TRIM_MISMATCH`, `CORRUPT`.
   */
  async ltrim(index: number, position: number, options: TrimOptions = NO_OPTIONS): Promise<number> {
    return (await this.#overwriting('ltrim').maintenance()).trim('left', index, position, options)
  }

  /** Removes a file's items from `position` on, which is the position of the first item to remove; else as {@link ltrim}. The file is not added to any more. */
  async rtrim(index: number, position: number, options: TrimOptions = NO_OPTIONS): Promise<number> {
    return (await this.#overwriting('rtrim').maintenance()).trim('right', index, position, options)
  }

  /** Removes a file with all its items and resolves, once that is durable, to the length it had. Its index is not used again. */
  async dropIndex(index: number): Promise<number> {
    return (await this.#overwriting('dropIndex').maintenance()).drop(index)
  }

  /** Removes the whole store, and its container if nothing else is in it. The store must be stopped (`RUNNING`). A crash in between leaves a store of the files that are left. */
  async destroy(): Promise<void> {
    if (this.#state !== 'idle' && this.#state !== 'stopped')
      throw new VarveError('RUNNING', `destroy: stop the store first; it is ${this.#state}`)
    this.#checkOverwrite('destroy')
    const { filePrefix, filePadding } = this.#options
    await destroyStore(this.#backend, new FileNaming(filePrefix, filePadding))
    this.#emitter.emit('destroyDb', {})
  }

  /** Allows trims, drops and `destroy`, as the option `overwrite` does. */
  enableOverwrite(): void {
    this.#overwrite = true
  }

  disableOverwrite(): void {
    this.#overwrite = false
  }

  /**
   * Reads every byte of the data files that is durable, beside whatever else goes on, and reports all that is damaged, missing or not of this store: where, how much, and which items are lost with it.
   * Changes nothing, and rejects for no damage: only where a read fails (the backend's error), where the store is stopped meanwhile (`NOT_RUNNING`) or with the signal's reason.
   *
   * Damage keeps a store from being opened for writing where it is in the last file, or where a file is missing: open it with `readOnly` to verify it. Not noticed is what leaves no trace: that the last file as a whole
   * is gone, that the first ones are, or damage to the very last bytes that were written, which looks like a write that a crash cut off.
   */
  async verify(options: VerifyOptions = NO_OPTIONS): Promise<VerifyReport> {
    const { source } = this.#readable('verify')
    const { verifyStore } = await loadVerify()
    return verifyStore(source, this.#backend, options)
  }

  /**
   * Copies what is durable now into another backend, beside whatever else goes on: a store of its own then, with the same locations and sequences, which opens under the same options. Copied again, only what is new is
   * written; a file that was trimmed since is written anew, and what was dropped goes there too. What is written is read back and checked, block by block, before the promise resolves; it is durable then.
   *
   * The destination is locked meanwhile (`LOCKED`), and can be opened with `readOnly` at any time. After a crash or an error it holds a valid store of a part of the items, and the next copy goes on from there: what it has is only
   * compared by its headers and its ends, so `verify` it from time to time. A trim or drop waits while that very file is copied.
   *
   * Errors: `CORRUPT` for damage in this store's file, up to which all is copied, and for damage in an earlier copy, which `incremental: false` replaces; `FOREIGN_FILE` where another store is there; `CONFLICT` where something was added to the copy, and nothing is changed; the destination's own (`NO_SPACE`, …).
   */
  async copyTo(destination: FileBackend, options: CopyOptions = NO_OPTIONS): Promise<CopyReport> {
    if (typeof destination?.list !== 'function') throw new TypeError('copyTo takes a backend, such as fsBackend(directory)')
    const session = this.#readable('copyTo')
    const { copyStore } = await loadCopy()
    return copyStore({ session, backend: this.#backend, destination, options: this.#options, clock: this.#clock }, options)
  }

  /** What the store holds and does. Looks at the length of every file. */
  async stats(): Promise<VarveStats> {
    return { state: this.#state, ...(await this.#readable('stats').stats()) }
  }

  /** Starts and stops take effect in the order they were asked for; several of a kind in a row are one. */
  #inTurn(to: 'running' | 'stopped', action: () => Promise<void>): Promise<void> {
    const before = this.#transition
    if (before?.to === to) return before.done
    const done = (before ? before.done.then(action, action) : action()).finally(() => {
      if (this.#transition?.done === done) this.#transition = undefined
    })
    this.#transition = { to, done }
    return done
  }

  async #start(): Promise<void> {
    if (this.#state === 'running') throw new VarveError('RUNNING', 'start: the store runs already')
    if (this.#writable) await this.#releaseEnded()
    this.#state = 'starting'
    try {
      if (this.#options.readOnly) await this.#startReading()
      else await this.#startWriting()
    } catch (error) {
      this.#state = 'stopped'
      throw error
    }
  }

  async #startReading(): Promise<void> {
    const parts = { backend: this.#backend, options: this.#options, clock: this.#clock }
    const { openForReading, ReadableSession } = await loadReading()
    const session = new ReadableSession(await openForReading(this.#backend, this.#options), parts)
    // Costs a look at every file, so it is done only for who listens.
    const stats = this.#emitter.has('start') ? session.stats() : undefined
    const nextSequence = await stats
      ?.then((known) => known.nextSequence)
      .catch(async (error: unknown) => {
        await session.release()
        throw error
      })
    this.#session = session
    this.#state = 'running'
    if (nextSequence !== undefined) this.#emitter.emit('start', { nextSequence })
  }

  async #startWriting(): Promise<void> {
    const { openForWriting, WritableSession } = await loadWriting()
    const store = await openForWriting(this.#backend, this.#options)
    this.#failure = undefined
    this.#state = 'running'
    this.#writable = new WritableSession(store, {
      backend: this.#backend,
      options: this.#options,
      emitter: this.#emitter,
      clock: this.#clock,
      onFatal: (error) => this.#fail(error),
    })
    this.#session = this.#writable
    const { failure } = this.#writable
    if (failure) {
      // The lock was lost meanwhile.
      await this.#releaseEnded().catch(() => undefined)
      throw failure
    }
    if (store.cut.length > 0) this.#emitter.emit('recover', { cut: store.cut })
    this.#emitter.emit('start', { nextSequence: store.sequence })
    this.#retain(this.#writable)
  }

  /** Has files dropped that are beyond the limits, where there are any; nobody waits for it. */
  #retain(session: WritableSession): void {
    const { maxAge, maxBytes, maxFiles } = this.#options.retention
    if (maxAge === undefined && maxBytes === undefined && maxFiles === undefined) return
    const parts = {
      limits: this.#options.retention,
      session,
      backend: this.#backend,
      emitter: this.#emitter,
      clock: this.#clock,
      holders: this.#holders,
      durablePosition: async (cursor: string) => (await this.#cursorsInUse(session))?.durablePosition(cursor),
    }
    const retaining = Promise.resolve(loadRetention()).then(({ Retention }) => {
      const retention = new Retention(parts)
      retention.look()
      return retention
    })
    // What can't be loaded is told; the store goes on without.
    retaining.catch((error: Error) => this.#emitter.emit('failure', { error, fatal: false }))
    this.#endRetention = () =>
      void retaining.then(
        (retention) => retention.end(),
        () => undefined,
      )
  }

  async #stop(): Promise<void> {
    if (this.#state !== 'running') return this.#writable && this.#releaseEnded()
    const session = this.#session as Session
    this.#state = 'stopping'
    if (this.#writable) await this.#closeWriter(this.#writable)
    try {
      await this.#withTimeout('a read that is under way', () => session.release())
    } finally {
      this.#end()
    }
    this.#emitter.emit('stop', { nextSequence: this.#writable?.writer.appender.sequence ?? 0 })
    this.#writable = undefined
  }

  async #closeWriter(session: WritableSession): Promise<void> {
    try {
      await this.#withTimeout('the last flush', async () => {
        await session.whenMaintained()
        await this.#whenCursorsIdle(session)
        await session.writer.close()
      })
    } catch (error) {
      if (session.failure) await this.#releaseEnded().catch(() => undefined)
      else if (VarveError.is(error) && error.code === 'TIMEOUT') session.writer.fail(error)
      else this.#state = 'running'
      throw error
    }
  }

  /** Gives up what a session still holds that failed, or could not be released when it was stopped, as soon as no write of it is under way: until then nobody else may write. */
  async #releaseEnded(): Promise<void> {
    const session = this.#writable as WritableSession
    await this.#withTimeout('a call that is under way', async () => {
      await session.writer.flusher.whenIdle()
      await this.#whenCursorsIdle(session)
      await session.release()
    })
    this.#end()
    this.#writable = undefined
  }

  async #whenCursorsIdle(session: Session): Promise<void> {
    await (await this.#cursorsInUse(session))?.whenIdle()
  }

  /** Undefined where nobody has asked for any. */
  async #cursorsInUse(session: Session): Promise<Cursors | undefined> {
    return this.#cursors.get(session)?.catch(() => undefined)
  }

  #end(): void {
    this.#endRetention()
    this.#endRetention = () => {}
    this.#session = undefined
    this.#state = 'stopped'
  }

  async #withTimeout(what: string, action: () => Promise<void>): Promise<void> {
    const { timeout } = this.#options
    let cancel!: () => void
    const late = new Promise<never>((_, reject) => {
      cancel = this.#clock.after(timeout, true, () => reject(new VarveError('TIMEOUT', `stop: ${what} did not end within ${timeout} ms`)))
    })
    try {
      await Promise.race([action(), late])
    } finally {
      cancel()
    }
  }

  #fail(error: VarveError): void {
    this.#failure = error
    this.#state = 'failed'
    this.#emitter.emit('failure', { error, fatal: true })
  }

  /** The session that items can be added to, or why there is none. */
  #running(operation: string): { session: WritableSession; error?: undefined } | { session?: undefined; error: VarveError } {
    if (this.#state === 'running' && this.#writable) return { session: this.#writable }
    if (this.#options.readOnly) return { error: new VarveError('READ_ONLY', `${operation}: the store was opened with readOnly`) }
    return { error: this.#notRunning(operation) }
  }

  #writer(operation: string, evenFailed = false): WritableSession {
    if (evenFailed && this.#state === 'failed' && this.#writable) return this.#writable
    const { session, error } = this.#running(operation)
    if (error) throw error
    return session
  }

  #readable(operation: string): Session {
    if (this.#session && (this.#state === 'running' || this.#state === 'failed')) return this.#session
    throw this.#notRunning(operation)
  }

  #overwriting(operation: string): WritableSession {
    const session = this.#writer(operation)
    this.#checkOverwrite(operation)
    return session
  }

  #checkOverwrite(operation: string): void {
    if (this.#options.readOnly) throw new VarveError('READ_ONLY', `${operation}: the store was opened with readOnly`)
    if (!this.#overwrite)
      throw new VarveError('OVERWRITE_DISABLED', `${operation} removes data: allow it with the option overwrite, or enableOverwrite()`)
  }

  #notRunning(operation: string): VarveError {
    if (this.#state === 'failed') {
      return storeFailure(`${operation}: the store failed; start it again to recover: ${this.#failure?.message}`, this.#failure)
    }
    return new VarveError('NOT_RUNNING', `${operation}: the store is ${this.#state}; start it first`)
  }
}

const NO_OPTIONS = Object.freeze({})

const loadReading = onFirstUse(() => import('./session/reading.js'))
const loadWriting = onFirstUse(() => import('./session/writing.js'))
const loadStream = onFirstUse(() => import('./read/read-stream.js'))
const loadCursors = onFirstUse(() => import('./cursor/cursors.js'))
const loadVerify = onFirstUse(() => import('./maintain/verify.js'))
const loadRepair = onFirstUse(() => import('./maintain/repair.js'))
const loadCopy = onFirstUse(() => import('./copy/copy-store.js'))
const loadRetention = onFirstUse(() => import('./maintain/retention.js'))
