import type { BackendLock, FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import type { Emitter } from '../emitter.js'
import { backendFailure, isBackendError, storeFailure, VarveError } from '../errors.js'
import type { Location } from '../location.js'
import type { Maintenance } from '../maintain/maintenance.js'
import type { WritableStore } from '../maintain/open-for-writing.js'
import { onFirstUse } from '../on-first-use.js'
import type { ResolvedOptions } from '../options.js'
import type { FileSet } from '../read/file-set.js'
import { Limiter } from '../read/limiter.js'
import type { ReadView } from '../read/read-view.js'
import { Reader } from '../read/reader.js'
import type { Place, ScanSource } from '../read/scan-source.js'
import type { VarveStats } from '../stats.js'
import type { Block } from '../write/block.js'
import type { Frontier } from '../write/durability.js'
import { Transaction } from '../write/transaction.js'
import { Writer } from '../write/writer.js'
import { type Session, sequenceAtStart, totalBytes } from './session.js'

export interface WritableSessionParts {
  readonly backend: FileBackend
  readonly options: ResolvedOptions
  readonly emitter: Emitter
  readonly clock: Clock
  readonly onFatal: (error: VarveError) => void
}

export const loadMaintenance = onFirstUse(() => import('../maintain/maintenance.js'))

/** A store that this program is the writer of. */
export class WritableSession implements Session, ReadView, ScanSource {
  readonly files: FileSet
  readonly clock: Clock
  readonly writer: Writer
  readonly reader: Reader
  readonly isBesideWriter = false
  readonly #lock: BackendLock
  readonly #options: ResolvedOptions
  readonly #first: { index: number }
  readonly #makeMaintenance: () => Promise<Maintenance>
  #maintenance: Promise<Maintenance> | undefined
  isStopped = false
  failure: VarveError | undefined

  constructor(store: WritableStore, { backend, options, emitter, clock, onFatal }: WritableSessionParts) {
    const { files, active, sequence, lastTime, lock } = store
    this.files = files
    this.clock = clock
    this.#lock = lock
    this.#options = options
    this.#first = { index: store.firstIndex }
    this.writer = new Writer({
      backend,
      files,
      active,
      sequence,
      lastTime,
      options,
      emitter,
      clock,
      onFatal: (error) => {
        this.failure = error
        onFatal(error)
      },
    })
    this.reader = new Reader({ files, view: this, limiter: new Limiter(options.concurrency), cacheSize: options.cacheSize })
    const { writer, reader } = this
    this.#makeMaintenance = async () => {
      const { Maintenance } = await loadMaintenance()
      return new Maintenance({ backend, files, reader, writer, emitter, first: this.#first })
    }
    lock.lost?.addEventListener('abort', this.#onLockLost, { once: true })
    if (lock.lost?.aborted) this.#onLockLost()
  }

  get source(): ScanSource {
    return this
  }

  get firstIndex(): number {
    return this.#first.index
  }

  get lastIndex(): number {
    return this.writer.flusher.active.index
  }

  get frontier(): Frontier {
    return this.writer.durability.frontier
  }

  get shown(): Place {
    return this.writer.flusher.shown
  }

  get accepted(): Place {
    const { index, position } = this.writer.appender
    return { index, position }
  }

  /** A transaction, in which every call first asks `checkWritable`, with its name, whether the store still takes anything. */
  transaction(checkWritable: (operation: string) => void): Transaction {
    const { maxFileSize, maxTransactionSize } = this.#options
    const { storeSeed } = this.files.identity
    return new Transaction({ storeSeed, maxFileSize, maxTransactionSize, checkWritable, commit: (staging) => this.writer.commit(staging) })
  }

  /** Removals, which most sessions never do: loaded for the first one. */
  maintenance(): Promise<Maintenance> {
    this.#maintenance ??= this.#makeMaintenance().catch((error: unknown) => {
      this.#maintenance = undefined
      throw error
    })
    return this.#maintenance
  }

  /** Resolves when no removal is under way. */
  async whenMaintained(): Promise<void> {
    await (await this.#maintenance?.catch(() => undefined))?.whenIdle()
  }

  findBlock({ index, position }: Location): Block | undefined {
    const { appender } = this.writer
    const { active } = appender
    if (active && active.index === index && active.position <= position) return position < active.end ? active : undefined
    return appender.blocks.length > 0 ? appender.blocks.find(index, position) : undefined
  }

  lostAt({ index, position }: Location): VarveError | undefined {
    if (!this.failure || this.writer.durability.covers(index, position)) return undefined
    return storeFailure(`read: the store failed before this was durable: ${this.failure.message}`, this.failure)
  }

  blockFrom(index: number, position: number): Block | undefined {
    const { active, blocks } = this.writer.appender
    const sealed = blocks.firstFrom(index, position)
    if (sealed) return sealed
    return active && (active.index > index || active.end > position) ? active : undefined
  }

  stamp(): number {
    return this.writer.appender.stamp()
  }

  nextChange(withAccepted: boolean): Promise<void> {
    return this.writer.durability.nextChange(withAccepted)
  }

  async fileBehind(): Promise<number | undefined> {
    return undefined
  }

  async listFiles(): Promise<readonly number[]> {
    const { firstIndex, lastIndex } = this
    return Array.from({ length: lastIndex - firstIndex + 1 }, (_, n) => firstIndex + n)
  }

  async lookAgain(): Promise<void> {}

  async stats(): Promise<Omit<VarveStats, 'state'>> {
    const { writer, files, firstIndex, lastIndex, reader } = this
    return {
      firstIndex,
      lastIndex,
      files: lastIndex - firstIndex + 1,
      bytes: await totalBytes(files, await this.listFiles()),
      firstSequence: await sequenceAtStart(files, firstIndex),
      nextSequence: writer.appender.sequence,
      durableSequence: writer.durability.frontier.sequence,
      buffered: { items: writer.bufferedItems, bytes: writer.heldBytes },
      flushes: writer.flusher.flushes,
      syncs: writer.flusher.syncs,
      reads: { ...reader.counts },
      openFiles: files.size,
      lock: this.#lock.description,
    }
  }

  async release(): Promise<void> {
    this.isStopped = true
    this.#lock.lost?.removeEventListener('abort', this.#onLockLost)
    this.writer.durability.notify()
    await this.files.closeAll()
    await this.#lock.release().catch((error: unknown) => {
      throw backendFailure('release the lock', error)
    })
  }

  readonly #onLockLost = (): void => {
    const reason: unknown = this.#lock.lost?.reason
    // A backend that says who came first names it so; a lease that ran out does not tell whether anybody has.
    const code = isBackendError(reason, 'CONFLICT') ? 'FENCED' : 'FAILED'
    this.writer.fail(new VarveError(code, `the lock was lost: ${this.#lock.description}`, { cause: reason }))
  }
}
