import type { FileBackend } from '@varve/backend'
import { platform } from '#platform'
import type { Clock } from '../clock.js'
import type { Emitter } from '../emitter.js'
import { backendFailure, isFinal, storeFailure, VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import { changedMeanwhile, checkBytes } from '../item.js'
import { checkLocation, formatLocation, type Location } from '../location.js'
import { MiB, maxItemSize, type ResolvedOptions } from '../options.js'
import type { FileSet } from '../read/file-set.js'
import { type ActiveFile, WriteRefused } from './active-file.js'
import { Appender } from './appender.js'
import { Durability } from './durability.js'
import { Flusher } from './flusher.js'
import { writeOversized } from './oversized.js'
import { SlabPool } from './slab-pool.js'
import type { Staging } from './staging.js'
import { UnattendedFlush } from './unattended-flush.js'
import { type WaitingAdd, WaitingAdds } from './waiting-adds.js'

// A caller that awaits nothing but accepted adds would never let the event loop turn.
const YIELD_BYTES = MiB
// So much is worth a write of its own: where nothing is being written there is no reason to gather more.
const WORTH_WRITING = MiB
// What an item weighs beside its bytes, so that many tiny ones yield as often as few large ones.
const ITEM_WEIGHT = 256
// Copies of more than that wait for memory side by side no longer.
const MOST_A_RUN = 64

export interface AddOptions {
  /** Resolve only when the item is on stable storage. Default false. */
  readonly durable?: boolean
  /** Gives up an item that is not accepted yet; an accepted one stays. */
  readonly signal?: AbortSignal
}

export interface WriterParts {
  readonly backend: FileBackend
  readonly files: FileSet
  readonly active: ActiveFile
  /** The sequence of the next item, and the latest time in the file. */
  readonly sequence: number
  readonly lastTime: number
  readonly options: ResolvedOptions
  readonly emitter: Emitter
  readonly clock: Clock
  readonly onFatal: (error: VarveError) => void
}

/** Takes items in: gives each its place, makes callers wait where memory is short, and sees that all of it is laid down. */
export class Writer {
  readonly appender: Appender
  readonly flusher: Flusher
  readonly durability: Durability
  readonly #options: ResolvedOptions
  readonly #pool: SlabPool
  readonly #waiting: WaitingAdds
  readonly #storeSeed: number
  readonly #onFatal: (error: VarveError) => void
  #failure: VarveError | undefined
  #isClosing = false
  #sinceTurn = 0
  #turn: Promise<void> | undefined
  /** An oversized item is being written: until its end nothing else gets a place. */
  #oversized: Promise<void> | undefined
  readonly #unattended: UnattendedFlush

  constructor(parts: WriterParts) {
    const { options, files, active, sequence, lastTime, clock } = parts
    this.#options = options
    this.#onFatal = parts.onFatal
    this.#storeSeed = files.identity.storeSeed
    this.#pool = new SlabPool(options.maxBufferSize)
    this.#waiting = new WaitingAdds(clock, options.timeout)
    this.durability = new Durability({ index: active.index, position: active.end, sequence })
    this.appender = new Appender(
      {
        storeSeed: this.#storeSeed,
        maxFileSize: options.maxFileSize,
        maxBufferSize: options.maxBufferSize,
        maxFiles: files.naming.maxFiles,
        now: clock.now,
      },
      this.#pool,
      { index: active.index, position: active.end, sequence },
      lastTime,
    )
    this.flusher = new Flusher(active, {
      backend: parts.backend,
      files,
      appender: this.appender,
      pool: this.#pool,
      durability: this.durability,
      emitter: parts.emitter,
      clock,
      syncsAlways: options.durability === 'sync',
      flushInterval: options.flushInterval,
      settleAfter: options.settleAfter,
      onRoom: () => this.#pump(),
      onFatal: (error) => this.#fail(error),
    })
    this.#unattended = new UnattendedFlush({
      clock,
      flushInterval: options.flushInterval,
      seal: () => this.flusher.requestSeal(),
      flush: () => this.flush(),
    })
  }

  /** Bytes of memory that hold items. */
  get heldBytes(): number {
    return this.#pool.held
  }

  /** Items that are accepted and not in their file yet. */
  get bufferedItems(): number {
    let items = this.appender.active?.count ?? 0
    for (const block of this.appender.blocks) items += block.count
    return items
  }

  /** Whether something has to get its place before the next item. */
  get #isBehindOthers(): boolean {
    return this.#waiting.length > 0 || this.#oversized !== undefined
  }

  add(data: Uint8Array, options: AddOptions): Promise<Location> {
    const refusal = this.#refusal(data, options.signal)
    if (refusal) return Promise.reject(refusal.reason)
    let location: Location | undefined
    try {
      location = this.#accept(data)
    } catch (error) {
      return Promise.reject(error)
    }
    if (!location) return this.#wait(data, options)
    if (options.durable) return this.#durable(location)
    // The item is taken; only the answer lets the event loop turn first.
    const turn = this.#yieldIfDue(data.length, 1)
    return turn ? turn.then(() => location) : Promise.resolve(location)
  }

  async addMany(items: Iterable<Uint8Array>, options: AddOptions): Promise<Location[]> {
    const locations: Location[] = []
    try {
      for (const given of Array.isArray(items) ? [items] : onesOf(items)) {
        for (let n = 0; n < given.length; ) {
          const before = locations.length
          if (!this.#acceptRun(given, n, options.signal, locations)) {
            const accepted = this.#acceptOrWait(given[n] as Uint8Array, options)
            // Where there is room, nobody gets to change what was given before it is taken.
            locations.push(accepted instanceof Promise ? await accepted : accepted)
          }
          n += locations.length - before
          const turn = this.#yieldIfDue(bytesFrom(before, locations), locations.length - before)
          if (turn) await turn
        }
      }
    } catch (error) {
      throw withLocations(error, locations)
    }
    if (options.durable) await this.makeDurable(this.appender.sequence, locations)
    return locations
  }

  /** Everything before `sequence` becomes durable. */
  makeDurable(sequence: number, locations: readonly Location[]): Promise<void> {
    const done = this.durability.attempt(sequence, locations)
    if (sequence > this.durability.frontier.sequence) this.flusher.demand(sequence)
    return done
  }

  flush(): Promise<void> {
    return this.makeDurable(this.appender.sequence, [])
  }

  /** Resolves when the item there is durable. */
  async whenDurable(location: Location): Promise<void> {
    checkLocation(location)
    const { index, position, size } = location
    const { appender, durability } = this
    if (durability.covers(index, position)) return
    const end = position + RECORD_HEADER_BYTES + size
    if (index > appender.index || (index === appender.index && end > appender.position)) {
      throw new VarveError('INVALID_LOCATION', `whenDurable ${formatLocation(location)}: that location was not given out`)
    }
    await durability.watch(index, position)
  }

  /** Places a transaction and makes it durable. */
  async commit(staging: Staging): Promise<Location[]> {
    // Right before the places are taken: whenever control is let go of, an oversized item may take its own.
    while (this.#oversized) await this.#oversized
    if (this.#failure) throw this.#failed()
    const locations = this.appender.placeGroup(staging)
    await this.makeDurable(this.appender.sequence, locations)
    return locations
  }

  /** Has adds go on in the next file, if they go to this one now. */
  async leaveFile(index: number): Promise<void> {
    while (this.#oversized) await this.#oversized
    if (this.appender.index === index) this.appender.rotate()
  }

  /**
   * Runs `action` when everything accepted so far is laid down, and synced unless it has no need of that, and nothing else is written meanwhile.
   * Where a write before it is refused it is not run at all, and rejects.
   */
  async runTask<T>(action: () => Promise<T>, { syncsBefore = true }: { readonly syncsBefore?: boolean } = {}): Promise<T> {
    if (this.#failure) throw this.#failed()
    return new Promise<T>((resolve, reject) => {
      const run = async (): Promise<void> => {
        try {
          resolve(await action())
        } catch (error) {
          reject(error instanceof WriteRefused ? refusalReason(error) : error)
          if (isFinal(error)) throw error
        }
      }
      this.appender.enqueueTask({ syncsBefore, run, abandon: reject })
      this.flusher.retry()
    })
  }

  /** Lays down everything, those that still wait for room included, and ends the file in a closing block. */
  async close(): Promise<void> {
    this.#isClosing = true
    try {
      await this.#finish()
    } catch (error) {
      this.#isClosing = false
      throw error
    }
    this.#unattended.noteDurable()
  }

  async #finish(): Promise<void> {
    const isUnfinished = (): boolean => this.#waiting.length > 0 || this.appender.sequence > this.durability.frontier.sequence
    for (let isFirst = true; isFirst || isUnfinished(); isFirst = false) {
      // Whatever it is that is not through yet: timers and the disk need their turn, or it would never be.
      if (!isFirst) await new Promise<void>((resolve) => platform.nextTurn(resolve))
      // A commit that waits for the same has waited longer, and takes its place first.
      while (this.#oversized) await this.#oversized
      // After a refused write nobody may have let those in who wait.
      this.#pump()
      // Lets everything before it through, or says why not.
      await this.runTask(async () => {})
    }
    await this.runTask(async () => {
      const { active } = this.flusher
      if (!active.endsInClose) await active.close(this.appender.sequence, this.appender.stamp(), false)
    })
  }

  /** Takes nothing more, and writes nothing more. */
  fail(error: VarveError): void {
    this.flusher.fail(error)
  }

  /** Why the item can't be taken, if so; a reason may be anything, hence the wrapping. */
  #refusal(data: Uint8Array, signal: AbortSignal | undefined): { readonly reason: unknown } | undefined {
    try {
      checkBytes(data, 'an item')
    } catch (reason) {
      return { reason }
    }
    if (this.#failure) return { reason: this.#failed() }
    if (this.#isClosing) return { reason: new VarveError('NOT_RUNNING', 'add: the store was stopped meanwhile') }
    if (signal?.aborted) return { reason: signal.reason }
    if (data.length === 0) return { reason: new VarveError('EMPTY_ITEM', 'add: an item has at least one byte') }
    const most = maxItemSize(this.#options.maxFileSize)
    if (data.length <= most) return undefined
    return {
      reason: new VarveError(
        'ITEM_TOO_LARGE',
        `add: the item has ${data.length} bytes; a file of ${this.#options.maxFileSize} holds one of at most ${most}`,
      ),
    }
  }

  /** Takes the item if there is room now and nobody waits already. */
  #accept(data: Uint8Array): Location | undefined {
    if (this.#isBehindOthers || this.appender.isOversized(data.length)) return undefined
    const location = this.appender.tryAdd(data)
    if (location) this.#noteAccepted()
    return location
  }

  /** Takes as many items from `from` on as there is room for where the last one went; false where that is none. What has to be waited for, or refused, is left to {@link #acceptOrWait}. */
  #acceptRun(items: readonly Uint8Array[], from: number, signal: AbortSignal | undefined, locations: Location[]): boolean {
    if (this.#isBehindOthers || this.#failure || this.#isClosing || signal?.aborted) return false
    const left = this.#options.maxBufferItems - (this.appender.active?.count ?? 0)
    // Where there are as many as that already the block grows until it is the disk's turn.
    if (!this.appender.tryAddRun(items, from, left > 0 ? Math.min(left, MOST_A_RUN) : MOST_A_RUN, locations)) return false
    this.#noteAccepted()
    return true
  }

  #acceptOrWait(data: Uint8Array, options: AddOptions): Location | Promise<Location> {
    const refusal = this.#refusal(data, options.signal)
    if (refusal) throw refusal.reason
    return this.#accept(data) ?? this.#wait(data, { ...options, durable: false })
  }

  #noteAccepted(): void {
    const { active } = this.appender
    this.#unattended.noteAdd(active)
    this.durability.noteAccepted()
    if (active && (active.count >= this.#options.maxBufferItems || active.length >= WORTH_WRITING)) this.flusher.requestSeal()
    else this.flusher.kick()
  }

  async #wait(data: Uint8Array, { durable, signal }: AddOptions): Promise<Location> {
    const accepted = new Promise<Location>((accept, reject) => {
      this.#waiting.push({ data, size: data.length, accept, reject }, signal, () => this.#pump())
    })
    if (this.#waiting.length === 1) this.#pump()
    this.flusher.requestSeal()
    const location = await accepted
    return durable ? this.#durable(location) : location
  }

  async #durable(location: Location): Promise<Location> {
    await this.makeDurable(this.appender.sequence, [location])
    return location
  }

  /** Lets those in who wait, as far as there is room. */
  #pump(): void {
    if (!this.flusher.hasWork) this.#unattended.noteEmpty()
    if (this.appender.sequence === this.durability.frontier.sequence) this.#unattended.noteDurable()
    for (let next = this.#waiting.peek(); next && !this.#oversized; next = this.#waiting.peek()) {
      if (next.data.length !== next.size) {
        this.#waiting.shift()?.reject(changedMeanwhile())
        continue
      }
      if (this.appender.isOversized(next.size)) {
        this.#oversized = this.#takeOversized(next).finally(() => {
          this.#oversized = undefined
          if (!this.flusher.isRefused) this.#pump()
        })
        return
      }
      try {
        const location = this.appender.tryAdd(next.data)
        if (!location) return this.flusher.requestSeal()
        this.#waiting.shift()
        next.accept(location)
        this.#noteAccepted()
      } catch (error) {
        this.#waiting.shift()
        next.reject(error)
      }
    }
  }

  async #takeOversized(add: WaitingAdd): Promise<void> {
    const { appender } = this
    let running = false
    try {
      appender.prepareOversized(add.size)
      const write = async (): Promise<void> => {
        // The caller may have given up meanwhile; from here on it can't.
        if (this.#waiting.peek() !== add) return
        this.#waiting.shift()
        running = true
        await this.#writeOversized(add)
      }
      await this.runTask(write, { syncsBefore: false })
    } catch (error) {
      // Where writes before it were refused it stays in line, for at most its time.
      if (running) add.reject(error)
      else if (VarveError.is(error) && error.code === 'FULL' && this.#waiting.peek() === add) this.#waiting.shift()?.reject(error)
    }
  }

  async #writeOversized({ data, size, accept }: WaitingAdd): Promise<void> {
    const { appender, flusher } = this
    if (data.length !== size) throw changedMeanwhile()
    const { index, position, sequence } = appender
    const location = { index, position: position + BLOCK_HEADER_BYTES, size }
    // Everything else is laid down and nothing new is let in: there is room.
    const pieces = [this.#pool.take(this.#pool.slabSize), this.#pool.take(this.#pool.slabSize)] as const
    const place = { storeSeed: this.#storeSeed, sequence, timestamp: appender.stamp() }
    try {
      await writeOversized(flusher.active, data, place, pieces)
      appender.placeOversized(size)
      if (this.#options.durability === 'sync') await flusher.active.sync()
      flusher.noteOversized(location)
    } catch (error) {
      // What is final leaves it open whether the item is there. A refused write leaves nothing.
      throw withLocations(error, [location])
    } finally {
      for (const piece of pieces) this.#pool.give(piece)
    }
    accept(location)
  }

  #yieldIfDue(bytes: number, items: number): Promise<void> | undefined {
    this.#sinceTurn += bytes + items * ITEM_WEIGHT
    if (this.#sinceTurn < YIELD_BYTES) return undefined
    this.#turn ??= new Promise((resolve) =>
      platform.nextTurn(() => {
        this.#sinceTurn = 0
        this.#turn = undefined
        resolve()
      }),
    )
    return this.#turn
  }

  #fail(error: VarveError): void {
    this.#failure = error
    this.#unattended.noteDurable()
    this.durability.fail(error)
    this.#waiting.rejectAll(this.#failed())
    for (const task of this.appender.withdrawTasks()) task.abandon(this.#failed())
    this.#onFatal(error)
  }

  #failed(): VarveError {
    return storeFailure(`the store failed and takes nothing more until it is started again: ${this.#failure?.message}`, this.#failure)
  }
}

function refusalReason({ cause }: WriteRefused): unknown {
  return cause instanceof TypeError ? cause : backendFailure('write', cause)
}

/** One by one, as whoever gives them may use the same memory for the next. */
function* onesOf(items: Iterable<Uint8Array>): Generator<readonly Uint8Array[], void, void> {
  for (const data of items) yield [data]
}

function bytesFrom(first: number, locations: readonly Location[]): number {
  let bytes = 0
  for (let n = first; n < locations.length; n++) bytes += (locations[n] as Location).size
  return bytes
}

/** The error with the locations of what was accepted before what it is about. */
function withLocations(error: unknown, before: readonly Location[]): unknown {
  if (!VarveError.is(error)) return error
  return new VarveError(error.code, error.message, {
    cause: error.cause,
    pending: error.pending,
    locations: [...before, ...error.locations],
  })
}
