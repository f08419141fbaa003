import type { FileBackend } from '@varve/backend'
import { backendFailure, storeFailure, VarveError } from '../errors.js'
import { openForReading } from '../maintain/open-for-reading.js'
import { ReadableSession } from '../session/readable-session.js'
import type { Session } from '../session/session.js'
import type { StoreParts } from '../session/store-parts.js'
import { Replica } from './replica.js'
import type { ReplicationProgress } from './replication-progress.js'
import { type DurableEnd, FILE_CHANGED, type ReplicationSource } from './replication-source.js'
import { RunningSource } from './running-source.js'
import { WatchedSource } from './watched-source.js'

export interface ReplicationRunParts {
  readonly store: StoreParts
  /** The session that ran when it was asked for; it may have ended since. */
  readonly session: Session
  readonly destination: FileBackend
  readonly interval: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: ReplicationProgress) => void
}

// After a failure it waits for this long, in milliseconds, and twice as long after each further one in a row.
const FIRST_RETRY = 1000
const LONGEST_RETRY = 30_000
/** Another try would find the same. */
const FINAL: ReadonlySet<string> = new Set([
  'CONFLICT',
  'FENCED',
  'FOREIGN_FILE',
  'GENESIS_MISMATCH',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED',
  'INVALID_OPTION',
  'NOT_FOUND',
  'FAILED',
])
/** Damage, unless it only looked like it beside a writer: then another try finds none. */
const SUSPECT: ReadonlySet<string> = new Set(['CORRUPT', 'FILE_MISSING'])
const SUSPECT_TRIES = 3

/** Keeps a copy up to date, through failures of the destination, until it is ended or the source stops. */
export class ReplicationRun {
  readonly #parts: ReplicationRunParts
  #state: ReplicationProgress['state'] = 'copying'
  #copied = 0
  #copiedBytes = 0
  #durable = 0
  #behindSince: number | undefined
  #error: Error | undefined
  #failures = 0
  /** How many rounds were begun, and which was the last that came to its end. */
  begun = 0
  done = 0
  #hurry = (): void => {}
  #replica: Replica | undefined
  #wholeBefore = 0
  #source: ReplicationSource
  /** Aborted when the source stops or fails: there is nothing more to wait for. */
  readonly #sourceOver = new AbortController()
  readonly #off: readonly (() => void)[]
  /** The source was stopped: what it has now is all there will be. */
  #isFinal = false

  constructor(parts: ReplicationRunParts) {
    this.#parts = parts
    const { store, session } = parts
    this.#source = session.source.isBesideWriter ? new WatchedSource(session) : new RunningSource(session, store.emitter)
    const over = (): void => this.#sourceOver.abort()
    this.#off = [store.emitter.on('stop', over), store.emitter.on('failure', ({ fatal }) => fatal && over())]
  }

  get progress(): ReplicationProgress {
    const { source } = this.#source.session
    const durable = source.isBesideWriter ? this.#durable : source.frontier.sequence
    if (durable > this.#copied) this.#behindSince ??= this.#parts.store.clock.now()
    return {
      state: this.#state,
      sequence: this.#copied,
      durableSequence: Math.max(durable, this.#copied),
      lag: this.#behindSince === undefined ? 0 : Math.max(0, this.#parts.store.clock.now() - this.#behindSince),
      copiedBytes: this.#copiedBytes,
      error: this.#error,
    }
  }

  /** Files before this index are in the copy, and as durable as the source's. */
  get wholeBefore(): number {
    return this.#replica?.wholeBefore ?? this.#wholeBefore
  }

  /** Has the next round begin at once, unless the destination fails. */
  hurry(): void {
    this.#hurry()
  }

  async run(): Promise<ReplicationProgress> {
    const { signal } = this.#parts
    try {
      while (!signal.aborted && !(await this.#attempt()));
      this.#tell('ended')
      return this.progress
    } finally {
      for (const off of this.#off) off()
      this.#source.release()
      if (this.#isFinal) await this.#source.session.release().catch(() => undefined)
    }
  }

  /** Whether there is nothing left to do; else it is to be tried again. */
  async #attempt(): Promise<boolean> {
    try {
      await this.#copy()
      return true
    } catch (error) {
      if (this.#parts.signal.aborted) return true
      const failed = await this.#goToStopped(error)
      if (failed !== undefined) await this.#rest(failed)
      return false
    }
  }

  /** The destination is not locked any more when it settles: whoever waits for another try holds nothing. */
  async #copy(): Promise<void> {
    const replica = await this.#open()
    this.#replica = replica
    try {
      await this.#follow(replica)
    } finally {
      this.#wholeBefore = replica.wholeBefore
      this.#replica = undefined
      await replica.close()
    }
  }

  #open(): Promise<Replica> {
    const { store, destination, signal } = this.#parts
    const onCopied = (bytes: number): void => {
      this.#copiedBytes += bytes
    }
    return Replica.open({
      source: this.#source,
      backend: store.backend,
      destination,
      options: store.options,
      clock: store.clock,
      signal,
      onCopied,
    })
  }

  async #follow(replica: Replica): Promise<void> {
    const { signal, interval } = this.#parts
    let hasBegun = false
    this.#tell('copying')
    for (;;) {
      signal.throwIfAborted()
      const source = this.#source
      const { isStopped, failure } = source.session.source
      const asked = new Promise<void>((resolve) => void (this.#hurry = resolve))
      const change = Promise.race([source.nextChange(), asked])
      this.begun++
      const end = await source.durableEnd()
      if (end) {
        this.#noteDurable(end.sequence)
        if (!(await this.#round(replica, end, hasBegun))) continue
        hasBegun = true
      }
      this.done = this.begun
      this.#tell('following')
      if (this.#isFinal) return
      if (isStopped) throw new VarveError('NOT_RUNNING', 'replicate: the source was stopped')
      if (failure) throw storeFailure(`replicate: what is durable was copied, and the store failed: ${failure.message}`, failure)
      await this.#until(change, replica)
      if (!source.session.source.isBesideWriter) this.#noteDurable(source.session.source.frontier.sequence)
      await this.#pause(Math.max(interval, source.pause), asked, replica)
    }
  }

  /** Whether the copy has all up to `end` now; else a file became another one meanwhile. */
  async #round(replica: Replica, end: DurableEnd, hasBegun: boolean): Promise<boolean> {
    const { clock, emitter } = this.#parts.store
    const start = clock.now()
    try {
      if (hasBegun) await replica.goOn(end)
      else await replica.begin(end)
    } catch (error) {
      if (!isFileChanged(error)) throw error
      await replica.lookAgain()
      return false
    }
    const isNews = this.#copied !== end.sequence || !hasBegun
    this.#copied = end.sequence
    this.#failures = 0
    this.#error = undefined
    // What became durable meanwhile did so after the beginning.
    this.#behindSince = undefined
    const { source } = this.#source.session
    if (!source.isBesideWriter && source.frontier.sequence > end.sequence) this.#behindSince = start
    const { sequence, durableSequence, copiedBytes } = this.progress
    const { description } = this.#parts.destination
    if (isNews) emitter.emit('replicate', { destination: description, sequence, durableSequence, copiedBytes })
    return true
  }

  #noteDurable(sequence: number): void {
    this.#durable = sequence
    if (sequence > this.#copied) this.#behindSince ??= this.#parts.store.clock.now()
  }

  async #pause(delay: number, asked: Promise<void>, replica: Replica): Promise<void> {
    if (delay === 0) return
    let cancel = (): void => {}
    try {
      const over = new Promise<void>((resolve) => void (cancel = this.#parts.store.clock.after(delay, true, resolve)))
      await this.#until(Promise.race([over, asked]), replica)
    } finally {
      cancel()
    }
  }

  /** Waits, but not where the replication is ended, the source stops, or somebody else may write to the destination. */
  async #until(change: Promise<void>, replica: Replica): Promise<void> {
    const { signal } = this.#parts
    const endings = [signal, this.#sourceOver.signal, ...(replica.lost ? [replica.lost] : [])]
    const waited = new AbortController()
    try {
      await new Promise<void>((resolve) => {
        for (const one of endings) {
          one.addEventListener('abort', () => resolve(), { signal: waited.signal })
          if (one.aborted) resolve()
        }
        void change.then(resolve, resolve)
      })
    } finally {
      waited.abort()
    }
    signal.throwIfAborted()
    if (replica.lost?.aborted) throw backendFailure(`copy to ${this.#parts.destination.description}`, replica.lost.reason)
  }

  /** Where the source was stopped: goes over to it as it lies there, to be copied to its end. What failed, if something did. */
  async #goToStopped(error: unknown): Promise<unknown> {
    const { source } = this.#source.session
    if (this.#isFinal || !source.isStopped) return error
    const { backend, options, clock } = this.#parts.store
    try {
      const store = await openForReading(backend, options)
      this.#source.release()
      this.#source = new WatchedSource(new ReadableSession(store, { backend, options, clock }))
      this.#isFinal = true
      return undefined
    } catch (error) {
      return error
    }
  }

  /** Waits before the next try. Rejects where that would come to the same. */
  async #rest(error: unknown): Promise<void> {
    const { store, signal } = this.#parts
    this.#failures++
    const isKnown = VarveError.is(error)
    const isFinal = !isKnown || FINAL.has(error.code) || (error.code === 'LOCKED' && this.#copied === 0 && this.#failures === 1)
    if (isFinal || (SUSPECT.has(error.code) && this.#failures >= SUSPECT_TRIES)) throw error
    this.#error = error
    store.emitter.emit('failure', { error, fatal: false })
    this.#tell('waiting')
    const delay = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (this.#failures - 1))
    let cancel = (): void => {}
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      cancel = store.clock.after(delay, true, resolve)
      if (signal.aborted) resolve()
    })
    cancel()
  }

  #tell(state: ReplicationProgress['state']): void {
    this.#state = state
    this.#parts.onProgress(this.progress)
  }
}

function isFileChanged(error: unknown): boolean {
  return error === FILE_CHANGED || (error instanceof Error && error.cause === FILE_CHANGED)
}
