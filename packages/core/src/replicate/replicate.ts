import type { FileBackend } from '@varve/backend'
import { VarveError } from '../errors.js'
import type { Session } from '../session/session.js'
import { STORE_PARTS, type StoreParts } from '../session/store-parts.js'
import { loadReplication } from './load-replication.js'
import type { ReplicationProgress } from './replication-progress.js'
import type { ReplicationRun } from './replication-run.js'

export interface ReplicateOptions {
  /** Ends it, as {@link Replication.stop} does. */
  readonly signal?: AbortSignal
  /**
   * How long, in milliseconds, what becomes durable may gather before it is copied, all of it in one write and one sync of the destination; the copy lags behind by this and the time that the writing takes.
   * 0: at once. Of a store that another process writes to it is also how often that one is looked at. Default 500.
   */
  readonly interval?: number
  /** Called whenever the copy has more, and when that fails or works again. */
  readonly onProgress?: (progress: ReplicationProgress) => void
}

/** A store that can be replicated: a `Varve`, running or opened with `readOnly`. */
export interface ReplicableStore {
  /** @internal */
  readonly [STORE_PARTS]: StoreParts
}

/**
 * Keeps a copy of a running store up to date, until the store stops, or `signal` or {@link Replication.stop} ends it. What the copy has is on stable storage, is read back and checked, and is always a beginning of
 * what is durable in the source: it never holds an item that the source could lose in a crash, nor half a transaction. It follows trims and drops.
 *
 * The destination is locked meanwhile. The copy is a store like any other: it can be opened with `readOnly` at any moment, and for writing once this has ended. After a failure of the destination it goes on by
 * itself, after 1 second, then after twice as long each time, up to 30 seconds; each is told as a `failure` of the store that is not fatal, and in the progress. Begun again, after a crash of either
 * side too, it goes on from what is there.
 *
 * Of a store that this program writes to, what is durable is known, and nothing is looked at while nothing happens. Where `readOnly` opened the store and another process writes to it, only what that one has proven durable by what it
 * wrote later is copied: its very last write follows when it writes again, stops, or has rested for its `settleAfter`. A trim or drop there of a file that is not the first is noticed as the files are looked at in turn, 32 each time.
 */
export function replicate(store: ReplicableStore, destination: FileBackend, options: ReplicateOptions = {}): Replication {
  const parts = store?.[STORE_PARTS]
  if (!parts) throw new TypeError('replicate takes a store, and the backend that is to hold the copy')
  if (typeof destination?.list !== 'function') throw new TypeError('replicate takes a backend, such as fsBackend(directory)')
  const { interval = 500 } = options
  if (!Number.isSafeInteger(interval) || interval < 0 || interval >= 2 ** 31)
    throw new VarveError('INVALID_OPTION', `interval is ${String(interval)}; allowed: a whole number from 0 to ${2 ** 31 - 1}`)
  return new Replication(parts, destination, { ...options, interval })
}

interface Waiting {
  readonly round: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A copy that is being kept up to date. With `await using` it is ended at the end of its scope. */
export class Replication {
  /** Resolves when it was ended, or when the store was stopped and the copy has all of it. Rejects where another try would come to the same, as the copy was added to (`CONFLICT`), is another store's (`FOREIGN_FILE`), somebody else's to write (`LOCKED`), or the source is damaged or has failed. */
  readonly done: Promise<ReplicationProgress>
  readonly #ending = new AbortController()
  readonly #store: StoreParts
  readonly #session: Session
  #run: ReplicationRun | undefined
  #waiting: Waiting[] = []
  #last: ReplicationProgress | undefined

  /** @internal */
  constructor(
    store: StoreParts,
    destination: FileBackend,
    { interval, onProgress, signal }: ReplicateOptions & { readonly interval: number },
  ) {
    this.#store = store
    // Where the store does not run, that is told at once.
    this.#session = store.session('replicate')
    const end = (): void => this.#ending.abort()
    signal?.addEventListener('abort', end, { once: true, signal: this.#ending.signal })
    if (signal?.aborted) end()
    this.done = this.#start(destination, interval, onProgress)
    // Who does not look at it hears of it by the event.
    this.done.catch((error: unknown) => store.emitter.emit('failure', { error: error as Error, fatal: false }))
  }

  /** How far it is now. */
  get progress(): ReplicationProgress {
    return this.#run?.progress ?? this.#last ?? BEGINNING
  }

  /** Resolves when the copy is what the source is now: has all that is durable, and is trimmed where that one was. Rejects where it ends before that. */
  caughtUp(): Promise<void> {
    if (this.#last) return Promise.reject(endedEarly())
    this.#run?.hurry()
    const round = (this.#run?.begun ?? 0) + 1
    return new Promise((resolve, reject) => this.#waiting.push({ round, resolve, reject }))
  }

  /** Ends it, once the call that is under way is done; what is in the copy stays. */
  async stop(): Promise<void> {
    this.#ending.abort()
    await this.done.catch(() => undefined)
  }

  /** {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #start(destination: FileBackend, interval: number, onProgress: ReplicateOptions['onProgress']): Promise<ReplicationProgress> {
    const release = this.#store.hold(this.#holder)
    try {
      const { ReplicationRun } = await loadReplication()
      const onNews = (progress: ReplicationProgress): void => {
        this.#answer()
        onProgress?.(progress)
      }
      this.#run = new ReplicationRun({
        store: this.#store,
        session: this.#session,
        destination,
        interval,
        signal: this.#ending.signal,
        onProgress: onNews,
      })
      return await this.#run.run()
    } finally {
      this.#last = this.#run?.progress ?? BEGINNING
      release()
      this.#ending.abort()
      for (const { reject } of this.#waiting.splice(0)) reject(endedEarly())
    }
  }

  #answer(): void {
    const { done } = this.#run as ReplicationRun
    const waiting = this.#waiting
    this.#waiting = waiting.filter(({ round }) => round > done)
    for (const { round, resolve } of waiting) if (round <= done) resolve()
  }

  readonly #holder = (() => {
    const wholeBefore = (): number => this.#run?.wholeBefore ?? 0
    return {
      get neededFrom(): number {
        return wholeBefore()
      },
    }
  })()
}

const BEGINNING: ReplicationProgress = {
  state: 'copying',
  sequence: 0,
  durableSequence: 0,
  lag: 0,
  copiedBytes: 0,
  error: undefined,
}

function endedEarly(): VarveError {
  return new VarveError('NOT_RUNNING', 'replicate: it ended before the copy had all of that')
}
