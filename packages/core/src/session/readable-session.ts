import type { FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import type { ReadableStore } from '../maintain/open-for-reading.js'
import { listBesideWriter } from '../maintain/store-listing.js'
import type { ResolvedOptions } from '../options.js'
import type { FileSet } from '../read/file-set.js'
import { Limiter } from '../read/limiter.js'
import { missingFile } from '../read/missing-file.js'
import type { ReadView } from '../read/read-view.js'
import { Reader } from '../read/reader.js'
import type { ScanSource } from '../read/scan-source.js'
import { readEnd } from '../read/tail.js'
import type { VarveStats } from '../stats.js'
import { type Session, sequenceAtStart, totalBytes } from './session.js'

// A follower in another process looks again after this long: a look and its timer cost some 0.4 ms, most of it to wake the process.
const LOOK_AGAIN = 20
// The same where nothing has come for a while.
const LOOK_AGAIN_AT_REST = 40
// So many looks without anything new, and the container is listed and the file opened anew: it may have been trimmed, or dropped with those behind it.
const LOOKS_PER_LISTING = 16

const NOWHERE = { index: 0, position: 0, sequence: 0 }

/** A store that is only read; its writer, if there is one, is another program. */
export class ReadableSession implements Session, ReadView, ScanSource {
  readonly files: FileSet
  readonly clock: Clock
  readonly reader: Reader
  readonly isBesideWriter = true
  // Nothing of this is known here: a scan goes by what it finds.
  readonly frontier = NOWHERE
  readonly shown = NOWHERE
  readonly accepted = NOWHERE
  readonly failure = undefined
  readonly #backend: FileBackend
  #firstIndex: number
  #lastIndex: number
  #looks = 0
  #change: Promise<void> | undefined
  #wake: (() => void) | undefined
  isStopped = false

  constructor(store: ReadableStore, parts: { readonly backend: FileBackend; readonly options: ResolvedOptions; readonly clock: Clock }) {
    this.files = store.files
    this.clock = parts.clock
    this.#backend = parts.backend
    this.#firstIndex = store.firstIndex
    this.#lastIndex = store.lastIndex
    this.reader = new Reader({ files: store.files, view: this, limiter: new Limiter(parts.options.concurrency), cacheSize: 0 })
  }

  get source(): ScanSource {
    return this
  }

  get firstIndex(): number {
    return this.#firstIndex
  }

  get lastIndex(): number {
    return this.#lastIndex
  }

  findBlock(): undefined {
    return undefined
  }

  lostAt(): undefined {
    return undefined
  }

  blockFrom(): undefined {
    return undefined
  }

  stamp(): number {
    return this.clock.now()
  }

  /** After a while, or when the store is stopped. One timer serves all who wait. */
  nextChange(_withAccepted: boolean, isAtRest = false): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      // Somebody waits for what is to come: the program is not idle.
      const cancel = this.clock.after(isAtRest ? LOOK_AGAIN_AT_REST : LOOK_AGAIN, true, () => this.#wake?.())
      this.#wake = () => {
        cancel()
        this.#change = undefined
        this.#wake = undefined
        resolve()
      }
    })
    return this.#change
  }

  async fileBehind(
    index: number,
    { isMissing, isUnlikely }: { readonly isMissing: boolean; readonly isUnlikely: boolean },
  ): Promise<number | undefined> {
    const next = index + 1
    if (!isMissing) {
      const isListingDue = ++this.#looks % LOOKS_PER_LISTING === 0
      if (isUnlikely && next > this.#lastIndex && !isListingDue) return undefined
      // A file that was never used may go again, and this one be written to again.
      if (await this.files.isUsed(next)) {
        this.#lastIndex = Math.max(this.#lastIndex, next)
        return next
      }
      // One that was there and is not any more was dropped, or held nothing but the beginning of a transaction when its writer crashed.
      if (next > this.#lastIndex && !isListingDue) return undefined
      await this.files.forget(index)
    }
    const indexes = await this.#list()
    const behind = indexes.find((one) => one > index)
    const isThereBefore = (indexes[0] ?? index + 1) <= index
    if (behind !== undefined && isThereBefore && (isMissing || behind > next))
      throw missingFile('scan', this.files, isMissing ? index : next)
    return behind !== undefined && (await this.files.isUsed(behind)) ? behind : undefined
  }

  listFiles(): Promise<readonly number[]> {
    return this.#list()
  }

  async lookAgain(): Promise<void> {
    await this.#list()
  }

  async stats(): Promise<Omit<VarveStats, 'state'>> {
    const { files, reader } = this
    const indexes = await this.#list()
    // One that is open may have grown since, and been closed behind a closing block.
    for (const index of indexes) {
      await files.with(index, (open) => open.refresh())
    }
    let nextSequence: number | undefined
    // The last one may be in the making.
    for (const index of [...indexes].reverse()) nextSequence ??= await files.with(index, (open) => readEnd(open, files.identity.storeSeed))
    return {
      firstIndex: this.#firstIndex,
      lastIndex: this.#lastIndex,
      files: indexes.length,
      bytes: await totalBytes(files, indexes),
      firstSequence: await sequenceAtStart(files, this.#firstIndex),
      nextSequence: nextSequence ?? 0,
      durableSequence: nextSequence ?? 0,
      buffered: { items: 0, bytes: 0 },
      flushes: 0,
      syncs: 0,
      reads: { ...reader.counts },
      openFiles: files.size,
      lock: undefined,
    }
  }

  async #list(): Promise<readonly number[]> {
    const { indexes } = await listBesideWriter(this.#backend, this.files.naming)
    this.#firstIndex = indexes[0] ?? this.#firstIndex
    this.#lastIndex = indexes[indexes.length - 1] ?? this.#lastIndex
    return indexes
  }

  async release(): Promise<void> {
    this.isStopped = true
    this.#wake?.()
    await this.files.closeAll()
  }
}
