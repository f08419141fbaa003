import { platform } from '#platform'
import { backendFailure, isGone, VarveError } from '../errors.js'
import { isRecordIntact, RECORD_HEADER_BYTES, readUint32 } from '../format/record.js'
import { checkLocation, type Location } from '../location.js'
import { KiB } from '../options.js'
import { HEADER_CHUNK } from './block-cursor.js'
import { diagnose, explainEnd, invalid, type Standing } from './diagnose.js'
import { beginningOfFile, beginningOfFileSync } from './file-beginning.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import type { Limiter } from './limiter.js'
import { run, runSync } from './loads.js'
import { refuseGap, refuseGapSync } from './missing-file.js'
import { isTrimmedAway, type OpenFile } from './open-file.js'
import { PageCache } from './page-cache.js'
import { readBytes, readBytesSync, sizeSync } from './read-bytes.js'
import type { ReadView } from './read-view.js'
import { Turns } from './turns.js'

/** How many items were read, by where they came from. */
export interface ReadCounts {
  /** Not in its file yet, or in the cache. */
  memory: number
  /** Through the backend. */
  backend: number
}

export interface ReaderParts {
  readonly files: FileSet
  readonly view: ReadView
  readonly limiter: Limiter
  /** How much of the files is kept. */
  readonly cacheSize: number
}

/** Reads single items: from memory while they are there, else from their file. Every item is checked. */
export class Reader {
  readonly counts: ReadCounts = { memory: 0, backend: 0 }
  readonly #files: FileSet
  readonly #view: ReadView
  readonly #limiter: Limiter
  readonly #storeSeed: number
  readonly #cache: PageCache
  readonly #turns = new Turns()

  constructor({ files, view, limiter, cacheSize }: ReaderParts) {
    this.#files = files
    this.#view = view
    this.#limiter = limiter
    this.#storeSeed = files.identity.storeSeed
    this.#cache = new PageCache(view.isBesideWriter ? 0 : cacheSize, this.#storeSeed)
  }

  read(location: Location, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      checkLocation(location)
      signal?.throwIfAborted()
      if (!this.#turns.isOpen) return this.#inTurn(location, signal)
      const found = this.#atOnce(location)
      return found === ELSEWHERE ? this.#payloadFromFile(location, signal) : Promise.resolve(found)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** {@link read}, when others have had their turn. */
  #inTurn(location: Location, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      this.#turns.wait(() => {
        try {
          signal?.throwIfAborted()
          const found = this.#atOnce(location)
          resolve(found === ELSEWHERE ? this.#payloadFromFile(location, signal) : found)
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  async #payloadFromFile(location: Location, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
    const record = await this.limited(signal, () => this.#fromFile(location))
    return record && this.#payload(record, location)
  }

  /** The item, if that takes no waiting. Whatever is not as it should be is left to the way that tells why. */
  #atOnce(location: Location): Uint8Array | undefined | typeof ELSEWHERE {
    this.#turns.spend(ANSWER_NS + (location.size >>> LOG2_BYTES_A_NS))
    const inMemory = this.fromMemory(location)
    if (inMemory !== ELSEWHERE) return inMemory
    const { position, size } = location
    const open = this.#files.glance(location.index)
    if (!open || isTrimmedAway(open, position)) return ELSEWHERE
    const length = RECORD_HEADER_BYTES + size
    if (position + length > open.end) return ELSEWHERE
    const { file } = open
    const physical = open.physical(position)
    try {
      const cached = this.#fromCache(open, location, (target, at) => file.readIfPrompt?.(target, at))
      if (cached) return cached
      this.#turns.spend(CALL_NS)
      if (!file.readIfPrompt || length > LARGEST_AT_ONCE) return ELSEWHERE
      const record = platform.allocateItem(length)
      if (file.readIfPrompt(record, physical) !== length || readUint32(record, 0) !== size) return ELSEWHERE
      return isRecordIntact(record, 0, size, this.#storeSeed) ? this.#payload(record, location) : ELSEWHERE
    } catch {
      return ELSEWHERE
    }
  }

  /** The item, where the cache has its page, or takes it in now. */
  #fromCache(
    open: OpenFile,
    { position, size }: Location,
    read: (target: Uint8Array, position: number) => number | undefined,
  ): Uint8Array | undefined {
    const physical = open.physical(position)
    if (!this.#cache.covers(physical, RECORD_HEADER_BYTES + size)) return undefined
    const here = this.#cache.find(open, physical, size)
    if (here) this.counts.memory++
    if (here || !this.#cache.load(open, physical, read)) return here
    const loaded = this.#cache.find(open, physical, size)
    if (loaded) this.counts.backend++
    return loaded
  }

  /** Runs `action`, which reads from the backend, when there is a place for it among the reads under way. */
  async limited<T>(signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    if (!this.#limiter.tryEnter()) await this.#limiter.enter()
    try {
      signal?.throwIfAborted()
      const result = await action()
      signal?.throwIfAborted()
      return result
    } finally {
      this.#limiter.leave()
    }
  }

  readSync(location: Location): Uint8Array | undefined {
    checkLocation(location)
    const inMemory = this.fromMemory(location)
    if (inMemory !== ELSEWHERE) return inMemory
    if (!this.#files.canReadSync) throw new VarveError('UNSUPPORTED', 'readSync: this backend reads asynchronously only; use read')
    const { index } = location
    for (let isAnew = !this.#view.isBesideWriter; ; isAnew = true) {
      const open = this.#files.acquireSync(index)
      if (!open) return void refuseGapSync('readSync', this.#files, this.#view, index)
      try {
        const found = this.#fromOpenSync(open, location)
        if (found || location.position < open.end) return found
        if (isAnew) {
          const window = new FileWindow(open, HEADER_CHUNK)
          return void runSync(window, explainEnd(window, location, this.#storeSeed, this.#goesOnSync(open)))
        }
      } finally {
        this.#files.release(open)
      }
      void this.#files.forget(index)
    }
  }

  /** The item, if its block is in memory or nothing is or ever will be there; else it is in its file, if anywhere. */
  fromMemory(location: Location): Uint8Array | undefined | typeof ELSEWHERE {
    const { index, position, size } = location
    if (index < this.#view.firstIndex) return undefined
    const lost = this.#view.lostAt(location)
    if (lost) throw lost
    const block = this.#view.findBlock(location)
    // The next file may be in the making: it is not looked at before something is shown in it.
    if (!block) return index > this.#view.lastIndex && !this.#view.isBesideWriter ? undefined : ELSEWHERE
    if (!block.visible) return undefined
    const found = block.find(position, size)
    if (!found) throw invalid({ name: 'the buffer' }, location, 'other items are there')
    this.counts.memory++
    const item = platform.allocateItem(size)
    item.set(new Uint8Array(found.bytes.buffer, found.bytes.byteOffset + found.at + RECORD_HEADER_BYTES, size))
    return item
  }

  /** Reads the header of the item's record into `head`; false where nothing is stored there. Throws as {@link read} does. */
  async readRecordHead(location: Location, head: Uint8Array, signal: AbortSignal | undefined): Promise<boolean> {
    return (await this.limited(signal, () => this.#fromFile(location, head))) !== undefined
  }

  /** Says why the bytes at a location in a file are not its item: throws as {@link read} does, or resolves where nothing is stored there. */
  async explain(location: Location, signal: AbortSignal | undefined): Promise<void> {
    await this.limited(signal, () => this.#files.with(location.index, (open) => this.#explain(open, location)))
  }

  async #explain(open: OpenFile, location: Location): Promise<void> {
    const window = new FileWindow(open, HEADER_CHUNK)
    const standing = { tailMayBeTorn: this.#mayBeTorn(open), goesOn: await this.#goesOn(open) }
    await run(window, diagnose(window, location, this.#storeSeed, standing))
  }

  /** The record there, or its beginning in `head`; undefined where nothing is stored. */
  async #fromFile(location: Location, head?: Uint8Array): Promise<Uint8Array | undefined> {
    const { index } = location
    for (let isAnew = !this.#view.isBesideWriter; ; isAnew = true) {
      const open = this.#files.acquireOpen(index) ?? (await this.#files.acquire(index))
      if (!open) return void (await refuseGap('read', this.#files, this.#view, index))
      try {
        const found = await this.#fromOpen(open, location, head)
        if (found || location.position < open.end) return found
        if (isAnew) {
          const window = new FileWindow(open, HEADER_CHUNK)
          return void (await run(window, explainEnd(window, location, this.#storeSeed, await this.#goesOn(open))))
        }
      } catch (error) {
        if (isAnew || !isGone(error)) throw error
      } finally {
        this.#files.release(open)
      }
      // The writer may have put another file in its place since it was opened here, and have added to that one.
      await this.#files.forget(index)
    }
  }

  async #fromOpen(open: OpenFile, location: Location, head?: Uint8Array): Promise<Uint8Array | undefined> {
    const { position, size } = location
    const length = RECORD_HEADER_BYTES + size
    if (isTrimmedAway(open, position)) return undefined
    if (position + length > open.end && this.#view.isBesideWriter) await open.refresh()
    if (position >= open.end) return undefined
    if (position + length <= open.end) {
      const record = head ?? platform.allocateItem(length)
      const read = await this.#failing(open, readBytes(open.file, record, open.physical(position)))
      const isThere = read === record.length && readUint32(record, 0) === size
      if (isThere && (head || isRecordIntact(record, 0, size, this.#storeSeed))) return record
    }
    await this.#explain(open, location)
    return undefined
  }

  #fromOpenSync(open: OpenFile, location: Location): Uint8Array | undefined {
    const length = RECORD_HEADER_BYTES + location.size
    if (isTrimmedAway(open, location.position)) return undefined
    if (location.position + length > open.end && this.#view.isBesideWriter) open.end = open.logical(sizeSync(open.file))
    if (location.position >= open.end) return undefined
    if (location.position + length <= open.end) {
      const cached = this.#fromCache(open, location, (target, at) => this.#readNow(open, target, at))
      if (cached) return cached
      const record = platform.allocateItem(length)
      const read = this.#readNow(open, record, open.physical(location.position))
      const isThere = read === length && readUint32(record, 0) === location.size
      if (isThere && isRecordIntact(record, 0, location.size, this.#storeSeed)) return this.#payload(record, location)
    }
    const window = new FileWindow(open, HEADER_CHUNK)
    const standing = { tailMayBeTorn: this.#mayBeTorn(open), goesOn: this.#goesOnSync(open) }
    runSync(window, diagnose(window, location, this.#storeSeed, standing))
    return undefined
  }

  #readNow(open: OpenFile, target: Uint8Array, physical: number): number {
    try {
      return readBytesSync(open.file, target, physical)
    } catch (error) {
      throw backendFailure(`read ${open.name} at position ${open.logical(physical)}`, error)
    }
  }

  async #failing<T>(open: OpenFile, call: Promise<T>): Promise<T> {
    try {
      return await call
    } catch (error) {
      throw backendFailure(`read ${open.name}`, error)
    }
  }

  #payload(record: Uint8Array, { size }: Location): Uint8Array {
    this.counts.backend++
    return new Uint8Array(record.buffer, record.byteOffset + RECORD_HEADER_BYTES, size)
  }

  /** Whether the store goes on in another file, so that this one ends in a closing block, and with what. */
  async #goesOn({ index }: OpenFile): Promise<Standing['goesOn']> {
    return index < this.#view.lastIndex && ((await beginningOfFile(this.#files, index + 1)) ?? true)
  }

  #goesOnSync({ index }: OpenFile): Standing['goesOn'] {
    return index < this.#view.lastIndex && (beginningOfFileSync(this.#files, index + 1) ?? true)
  }

  #mayBeTorn(open: OpenFile): boolean {
    return this.#view.isBesideWriter && open.index >= this.#view.lastIndex
  }
}

export const ELSEWHERE = Symbol('elsewhere')

// To copy and check more takes as long as the way through other threads.
const LARGEST_AT_ONCE = 64 * KiB

// About how many nanoseconds it takes to answer at once, and how many more where the backend is called; four bytes are copied and checked in one.
const ANSWER_NS = 300
const CALL_NS = 1200
const LOG2_BYTES_A_NS = 2
