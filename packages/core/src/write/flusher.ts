import type { FileBackend } from '@varve/backend'
import { platform } from '#platform'
import type { Clock } from '../clock.js'
import type { Emitter } from '../emitter.js'
import { backendFailure, storeFailure, VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import type { Location } from '../location.js'
import type { FileSet } from '../read/file-set.js'
import { type ActiveFile, MAX_APPEND_BYTES, MAX_CHUNKS, WriteRefused } from './active-file.js'
import type { Appender, BlockEntry, CloseEntry, RotateEntry } from './appender.js'
import type { Durability } from './durability.js'
import { Rotation } from './rotation.js'
import type { SlabPool } from './slab-pool.js'
import { writeEvents } from './write-events.js'

// How long a refused write rests before it is tried again by itself.
const RETRY_DELAY = 1000

export interface FlusherParts {
  readonly backend: FileBackend
  readonly files: FileSet
  readonly appender: Appender
  readonly pool: SlabPool
  readonly durability: Durability
  readonly emitter: Emitter
  readonly clock: Clock
  /** Whether every flush is synced. */
  readonly syncsAlways: boolean
  readonly flushInterval: number
  /** After how long a rest the file is closed for now; 0 for never. */
  readonly settleAfter: number
  /** Memory became free. */
  readonly onRoom: () => void
  /** Nothing more can be written. */
  readonly onFatal: (error: VarveError) => void
}

/** Lays down what the appender has gathered, in order: the only one that writes to the store's files. While it writes and syncs, the next block fills. */
export class Flusher {
  active: ActiveFile
  flushes = 0
  #syncsBefore = 0
  readonly #parts: FlusherParts
  #running: Promise<void> | undefined
  #scheduled = false
  #sealWanted = false
  #demanded = 0
  #refused = false
  #failure: VarveError | undefined
  #cancelRetry: (() => void) | undefined
  #cancelSettling: (() => void) | undefined
  /** Something was laid down, and no closing block tried behind it. */
  #isUnsettled = false
  #rotation: Rotation | undefined
  /** Laid down, but part of a transaction that is not durable as a whole. */
  #withheld: BlockEntry[] = []
  /** The sequence behind all that is laid down and shown. */
  #written: number
  #shown: { readonly index: number; readonly position: number }
  /** A write event said that something was not durable yet. */
  #owesSyncEvent = false

  constructor(active: ActiveFile, parts: FlusherParts) {
    this.active = active
    active.checkAlive = this.checkAlive
    this.#parts = parts
    this.#written = parts.durability.frontier.sequence
    this.#shown = { index: active.index, position: active.end }
    // What recovery kept of a crash is proven to nobody else either.
    this.#isUnsettled = active.end > active.open.header.trimOffset
    this.#settleLater()
  }

  /** Takes in an item that a task laid down on its own, at the file's end. */
  noteOversized(location: Location): void {
    this.checkAlive()
    const { emitter, durability } = this.#parts
    const { index, end, synced } = this.active
    const durable = synced === end
    const position = location.position - BLOCK_HEADER_BYTES
    const event = { index, position, bytes: end - position, count: 1, sequence: this.#written, durable }
    this.flushes++
    this.#isUnsettled = true
    this.#written++
    this.#shown = { index, position: end }
    emitter.emit('write', { ...event, locations: () => [{ ...location }] })
    if (durable) this.#advance()
    else this.#owesSyncEvent = true
    durability.notify()
  }

  get syncs(): number {
    return this.#syncsBefore + this.active.syncs
  }

  /** Whether anything accepted is not in its file yet. */
  get hasWork(): boolean {
    return this.#parts.appender.queue.length > 0 || this.#parts.appender.active !== undefined
  }

  /** The end of what is in the files and may be shown. */
  get shown(): { readonly index: number; readonly position: number } {
    return this.#shown
  }

  /** Goes on with another handle of the file that is being written. Within a task only. */
  takeOver(active: ActiveFile): void {
    this.#syncsBefore += this.active.syncs
    this.active = active
    active.checkAlive = this.checkAlive
  }

  /** Resolves when no backend call is under way. */
  async whenIdle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Whether the last write was refused and waits to be tried again. */
  get isRefused(): boolean {
    return this.#refused
  }

  /** Asks for everything before `sequence` to be durable, and for the active block to be sealed for it; a refused write is tried again. */
  demand(sequence: number): void {
    this.#demanded = Math.max(this.#demanded, sequence)
    this.#sealWanted = true
    this.#refused = false
    this.#schedule()
  }

  /** Asks for the active block to be laid down when there is time: at once where nothing is under way. */
  requestSeal(): void {
    if (this.#refused) return
    if (this.#running) this.#sealWanted = true
    else {
      this.#parts.appender.seal()
      this.kick()
    }
  }

  /** Sees to what is in the queue. */
  kick(): void {
    // Where a start is due at the next turn it takes this along.
    if (!this.#running && !this.#scheduled && !this.#refused && this.#parts.appender.queue.length > 0) this.#start()
  }

  /** As {@link kick}, also after a refused write. */
  retry(): void {
    this.#refused = false
    this.#sealWanted = true
    this.#schedule()
  }

  /** Stops for good: nothing more is begun, and what is under way goes no further than the call it is at. */
  fail(error: VarveError): void {
    if (this.#failure) return
    this.#failure = error
    this.#cancelRetry?.()
    this.#cancelSettling?.()
    this.#parts.onFatal(error)
  }

  /** Throws once the store has failed. */
  readonly checkAlive = (): void => {
    if (this.#failure) throw storeFailure(`the store failed meanwhile: ${this.#failure.message}`, this.#failure)
  }

  // One turn later, so that everyone who was just woken can add to the same block: that is the group commit.
  #schedule(): void {
    if (this.#running || this.#scheduled || this.#failure) return
    this.#scheduled = true
    platform.nextTurn(() => {
      this.#scheduled = false
      this.#seal()
      this.#start()
    })
  }

  // What is sealed already and what is sealed now go down together, in one append and one sync.
  #seal(): void {
    this.#sealWanted = false
    this.#parts.appender.seal()
  }

  #start(): void {
    if (this.#failure) return
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#cancelSettling?.()
    this.#cancelSettling = undefined
    this.#running = this.#run().finally(() => {
      this.#running = undefined
      this.#parts.pool.trim()
      this.#goOn()
    })
  }

  #goOn(): void {
    const { appender, durability, onRoom } = this.#parts
    if (this.#refused || this.#failure) return
    onRoom()
    if (this.#sealWanted && appender.active) this.#schedule()
    else if (appender.queue.length > 0) this.kick()
    else if (this.#demanded > durability.frontier.sequence) this.#schedule()
    else this.#settleLater()
  }

  // Only what is written later proves to others that a write is durable. Where nothing comes for a while a closing block does it.
  #settleLater(): void {
    const { clock, settleAfter, appender } = this.#parts
    if (settleAfter === 0 || !this.#isUnsettled || this.active.endsInClose || this.active.synced < this.active.end) return
    this.#cancelSettling = clock.after(settleAfter, false, () => {
      this.#cancelSettling = undefined
      // What is due at the next turn proves as much.
      if (this.#scheduled) return
      appender.close()
      this.kick()
    })
  }

  async #run(): Promise<void> {
    try {
      while (!this.#failure && (await this.#step()));
    } catch (error) {
      if (error instanceof WriteRefused) this.#refuse(error.cause)
      else this.fail(VarveError.is(error) ? error : backendFailure('write', error))
    }
  }

  /** One piece of work; false where there is none. */
  async #step(): Promise<boolean> {
    const { appender, durability } = this.#parts
    const entry = appender.queue.peek()
    switch (entry?.kind) {
      case 'block':
        if (this.#sealWanted) this.#seal()
        await this.#layDown(this.#takeBatch())
        return true
      case 'close':
        await this.#settle(entry)
        return true
      case 'rotate':
        await this.#rotate(entry)
        appender.queue.shift()
        return true
      case 'task':
        if (entry.syncsBefore || this.#demanded > durability.frontier.sequence) await this.#sync()
        appender.queue.shift()
        await entry.run()
        return true
      default:
        if (this.#demanded <= durability.frontier.sequence || appender.active) return false
        await this.#sync()
        return false
    }
  }

  /** The blocks at the front of the queue that go to the same file in one append. */
  #takeBatch(): BlockEntry[] {
    const { queue } = this.#parts.appender
    const batch: BlockEntry[] = []
    let chunks = 0
    let bytes = 0
    for (let entry = queue.at(0); entry?.kind === 'block'; entry = queue.at(batch.length)) {
      const { block } = entry
      chunks += block.segments.length
      bytes += block.end - block.position
      const isTooMuch = block.index !== batch[0]?.block.index || chunks > MAX_CHUNKS || bytes > MAX_APPEND_BYTES
      // What comes before a transaction that spans files does not wait for the whole of it.
      if (batch.length > 0 && (isTooMuch || entry.group === 'part')) break
      batch.push(entry)
    }
    return batch
  }

  async #layDown(batch: readonly BlockEntry[]): Promise<void> {
    const { appender, durability } = this.#parts
    const chunks: Uint8Array[] = []
    for (const { block } of batch) {
      block.finish(this.active.synced)
      chunks.push(...block.chunks())
    }
    await this.active.append(chunks)
    this.flushes++
    this.#isUnsettled = true
    for (let n = 0; n < batch.length; n++) appender.queue.shift()
    this.#withheld.push(...batch)
    // An unfinished transaction is shown to nobody yet, and the rotation that follows it syncs.
    const unfinished = batch[batch.length - 1]?.group === 'part'
    const inGroup = batch.some(({ group }) => group === 'end')
    const wanted = inGroup || this.#parts.syncsAlways || this.#demanded > durability.frontier.sequence
    if (wanted && !unfinished) await this.active.sync()
    this.#release()
  }

  /** Shows what is laid down, unless it is part of a transaction that is not durable yet. */
  #release(): void {
    this.checkAlive()
    const { appender, pool, durability, emitter, onRoom } = this.#parts
    const last = this.#withheld[this.#withheld.length - 1] as BlockEntry
    if (last.group === 'part') return
    const released = this.#withheld
    this.#withheld = []
    this.#written = last.block.sequence + last.block.count
    this.#shown = { index: this.active.index, position: this.active.end }
    const durable = this.active.synced === this.active.end
    const events = emitter.has('write') ? writeEvents(released, durable) : []
    for (const { block, slabs } of released) {
      block.visible = true
      appender.blocks.shift()
      for (const slab of slabs) pool.give(slab)
    }
    for (const event of events) emitter.emit('write', event)
    if (durable) this.#advance()
    else this.#owesSyncEvent = true
    durability.notify()
    onRoom()
  }

  #advance(): void {
    const { durability, emitter } = this.#parts
    const sequence = this.#written
    if (this.#owesSyncEvent) {
      this.#owesSyncEvent = false
      emitter.emit('sync', { sequence })
    }
    durability.advance({ index: this.active.index, position: this.active.end, sequence })
  }

  /** Makes durable what was laid down without a sync. */
  async #sync(): Promise<void> {
    await this.active.sync()
    this.checkAlive()
    if (this.#withheld.length === 0 && this.#parts.durability.frontier.sequence < this.#written) this.#advance()
  }

  async #settle({ sequence, timestamp }: CloseEntry): Promise<void> {
    const { appender } = this.#parts
    await this.#sync()
    try {
      await this.active.settle(sequence, timestamp)
    } catch (error) {
      // Nobody asked for it: where nothing has come behind it there is nothing to try again.
      if (!(error instanceof WriteRefused && appender.withdrawClose())) throw error
      this.#isUnsettled = false
      return
    }
    appender.queue.shift()
  }

  async #rotate(entry: RotateEntry): Promise<void> {
    await this.#sync()
    const { backend, files, emitter } = this.#parts
    this.#rotation ??= new Rotation(entry, this.active)
    const next = await this.#rotation.carryOn(backend, files)
    this.#rotation = undefined
    this.takeOver(next)
    emitter.emit('rotate', { from: entry.from, to: next.index })
  }

  #refuse(cause: unknown): void {
    const { durability, emitter, clock, flushInterval, appender } = this.#parts
    const error = backendFailure(`write to ${this.active.open.name} at position ${this.active.end}`, cause)
    this.#refused = true
    // A demand that was refused is answered; the next one asks anew.
    this.#demanded = 0
    const waiting = appender.sequence - durability.frontier.sequence
    emitter.emit('failure', { error, fatal: false })
    for (const task of appender.withdrawTasks()) task.abandon(error)
    const what = waiting === 1 ? '1 item stays in memory and is' : `${waiting} items stay in memory and are`
    durability.refuse(error.code, `${error.message}; ${what} written later`, cause)
    this.#cancelRetry = clock.after(Math.min(RETRY_DELAY, flushInterval), false, () => {
      this.#cancelRetry = undefined
      this.retry()
    })
  }
}
