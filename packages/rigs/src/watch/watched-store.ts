import type { FileBackend } from '@varve/backend'
import { type Location, Varve, type VarveError } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { CURSOR } from '../programs/cursor.js'
import { contentOf } from '../programs/item-content.js'
import type { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import type { Account } from './account.js'
import { describeEntry, type Entry, isShown, type PlacedEntry } from './entry.js'
import { isOfTheMedium, namedError } from './named-error.js'
import { dropRemoval, type Removal, trimRemoval } from './removal.js'
import { isContentOf } from './settlement.js'

export interface WatchedStoreParts {
  readonly backend: FileBackend
  readonly settings: StoreSettings
  readonly clock: ManualClock
  readonly account: Account
  /** How many faults have struck this process so far. */
  readonly faults: () => number
}

/** How an operation ended: undefined where it did what it was asked to, else the error, which is one by name and has a reason. */
export type Outcome = VarveError | undefined

/** What was so when an operation began. */
interface Beginning {
  readonly kind: 'write' | 'removal' | 'read'
  readonly faults: number
  readonly time: number
  readonly wasRunning: boolean
  readonly transitions: number
  readonly removals: number
  /** Those that were under way, or of which it was not known whether they had taken effect. */
  readonly openRemovals: number
}

export interface AddChoices {
  readonly durable?: boolean
  readonly signal?: AbortSignal
}

/** A store whose every answer is held against the account, and written down there. Each operation resolves to its outcome and rejects only with a {@link BrokenPromise}. */
export class WatchedStore {
  readonly db: Varve
  readonly account: Account
  /** What the last start said. */
  nextSequence = 0
  readonly #parts: WatchedStoreParts
  #isDead = false
  /** How often it was told to stop or to start, which lets go of a session that failed; and whether a stop is under way. */
  #transitions = 0
  #isStopping = false

  constructor(parts: WatchedStoreParts) {
    const { backend, settings, clock, account } = parts
    this.#parts = parts
    this.account = account
    this.db = new Varve(backend, { ...settings, overwrite: true }, clock)
    this.db.on('start', ({ nextSequence }) => {
      this.nextSequence = nextSequence
    })
    this.db.on('write', (event) => {
      if (this.#isDead) return
      const locations = event.locations()
      for (const [n, location] of locations.entries()) account.numberAt(location, event.sequence + n)
      if (event.durable) account.acknowledgeAt(locations)
    })
    this.db.on('sync', ({ sequence }) => {
      if (!this.#isDead) account.acknowledgeBelow(sequence)
    })
  }

  /** The process has ended: whatever is still answered is heard by nobody. */
  die(): void {
    this.#isDead = true
  }

  get isRunning(): boolean {
    return this.db.state === 'running'
  }

  async add(size: number, { durable = false, signal }: AddChoices = {}): Promise<Outcome> {
    const [entry] = this.account.offer([size]) as [Entry]
    const data = contentOf(entry.number, size).slice()
    const words = `${durable ? 'durable ' : ''}add of ${describeEntry(entry)}`
    const answer = await this.attempt(words, () => this.db.add(data, { durable, ...(signal && { signal }) }).catch(unlessGivenUp(signal)))
    // From here on the buffer is the caller's again.
    data.fill(0xee)
    this.#note(words, [entry], answer.value && [answer.value], answer.error, durable)
    return answer.error
  }

  async addMany(sizes: readonly number[], { durable = false }: AddChoices = {}): Promise<Outcome> {
    const entries = this.account.offer(sizes)
    const data = entries.map(({ number, size }) => contentOf(number, size).slice())
    const words = `addMany of ${sizes.length} items from ${describeEntry(entries[0] as Entry)} on`
    const answer = await this.attempt(words, () => this.db.addMany(data, { durable }))
    for (const each of data) each.fill(0xee)
    this.#note(words, entries, answer.value, answer.error, durable)
    return answer.error
  }

  async commit(sizes: readonly number[]): Promise<Outcome> {
    const begun = await this.attempt('transaction', async () => this.db.transaction())
    const transaction = begun.value
    if (!transaction) return begun.error
    const entries = this.account.offer(sizes, { asGroup: true })
    const words = `commit of ${sizes.length} items from ${describeEntry(entries[0] as Entry)} on`
    const answer = await this.attempt(words, () => {
      for (const { number, size } of entries) {
        const data = contentOf(number, size).slice()
        transaction.add(data)
        data.fill(0xee)
      }
      return transaction.commit()
    })
    this.#note(words, entries, answer.value, answer.error, true)
    return answer.error
  }

  /** A transaction that is given up: of it nothing may ever be seen. */
  async abort(sizes: readonly number[]): Promise<Outcome> {
    const entries = this.account.offer(sizes, { asGroup: true })
    for (const entry of entries) this.account.refuse(entry)
    const answer = await this.attempt('transaction', async () => {
      const transaction = this.db.transaction()
      for (const { number, size } of entries) transaction.add(contentOf(number, size))
      transaction.abort()
    })
    return answer.error
  }

  async flush(): Promise<Outcome> {
    return this.#acknowledging('flush', () => this.db.flush())
  }

  async whenDurable(entries: readonly PlacedEntry[]): Promise<Outcome> {
    const answer = await this.attempt(`whenDurable of ${entries.length} items`, () =>
      Promise.all(entries.map(({ location }) => this.db.whenDurable(location))),
    )
    if (!answer.error) this.account.acknowledge(entries)
    return answer.error
  }

  async trim(side: 'left' | 'right', index: number, position: number, expect?: Uint8Array): Promise<Outcome> {
    return this.#remove(trimRemoval(side, index, position), () =>
      this.db[side === 'left' ? 'ltrim' : 'rtrim'](index, position, expect ? { expect } : {}),
    )
  }

  async drop(index: number): Promise<Outcome> {
    return this.#remove(dropRemoval(index), () => this.db.dropIndex(index))
  }

  /** Has the cursor remember that everything up to and with this sequence, which is durable, is done with. */
  async moveCursor(sequence: number): Promise<Outcome> {
    const answer = await this.attempt(`commit of the cursor at ${sequence}`, async () => {
      const cursor = await this.db.cursor(CURSOR)
      this.account.moveCursor(sequence + 1)
      await cursor.commit({ sequence })
    })
    if (!answer.error) this.account.cursorMoved(sequence + 1)
    return answer.error
  }

  async read(entry: PlacedEntry): Promise<Outcome> {
    const { state, location } = entry
    const answer = await this.attempt(`read of ${describeEntry(entry)}`, () => this.db.read(location), 'read')
    if (!answer.error) this.expectItem('read', entry, state, answer.value)
    return answer.error
  }

  async readSync(entry: PlacedEntry): Promise<Outcome> {
    const { state, location } = entry
    const answer = await this.attempt(`readSync of ${describeEntry(entry)}`, async () => this.db.readSync(location), 'read')
    if (!answer.error) this.expectItem('readSync', entry, state, answer.value)
    return answer.error
  }

  async readMany(entries: readonly PlacedEntry[]): Promise<Outcome> {
    const states = entries.map(({ state }) => state)
    const answer = await this.attempt(
      `readMany of ${entries.length} items`,
      () => this.db.readMany(entries.map(({ location }) => location)),
      'read',
    )
    const items = answer.value
    if (items) for (const [n, entry] of entries.entries()) this.expectItem('readMany', entry, states[n] as Entry['state'], items[n])
    return answer.error
  }

  async readStream(entry: PlacedEntry): Promise<Outcome> {
    const { state, location } = entry
    const answer = await this.attempt(
      `readStream of ${describeEntry(entry)}`,
      async () => {
        const stream = await this.db.readStream(location)
        return stream && new Uint8Array(await new Response(stream).arrayBuffer())
      },
      'read',
    )
    if (!answer.error) this.expectItem('readStream', entry, state, answer.value)
    return answer.error
  }

  async stop(): Promise<Outcome> {
    this.#transitions++
    this.#isStopping = true
    try {
      return await this.#stop()
    } finally {
      this.#isStopping = false
    }
  }

  async #stop(): Promise<Outcome> {
    const wasRunning = this.isRunning
    const stopped = await (wasRunning
      ? this.#acknowledging('stop', () => this.db.stop())
      : this.attempt('stop', () => this.db.stop()).then(({ error }) => error))
    if (!stopped && this.db.state !== 'stopped' && this.db.state !== 'idle')
      throw new BrokenPromise(`stop resolved, and the store is ${this.db.state}`)
    return stopped
  }

  async start(): Promise<Outcome> {
    this.#transitions++
    const answer = await this.attempt('start', () => this.db.start())
    if (!answer.error && !this.isRunning) throw new BrokenPromise(`start resolved, and the store is ${this.db.state}`)
    return answer.error
  }

  /** What was read of an item whose state was `before` when the read began. */
  expectItem(verb: string, entry: PlacedEntry, before: Entry['state'], data: Uint8Array | undefined): void {
    if (data && !isContentOf(entry, data)) throw new BrokenPromise(`${verb} gives wrong bytes for ${describeEntry(entry)}`)
    if (data && before === 'removed') throw new BrokenPromise(`${verb} gives ${describeEntry(entry)}, which was removed`)
    const wasShown = isShown({ ...entry, state: before })
    if (!data && wasShown && entry.state !== 'removed' && !this.account.mayBeRemoved(entry.location)) {
      throw new BrokenPromise(`${verb} gives nothing for ${describeEntry(entry)}`)
    }
  }

  /** Runs an operation; its error has to be one by name, and to have a reason. */
  async attempt<T>(words: string, action: () => Promise<T>, kind: Beginning['kind'] = 'write'): Promise<Answer<T>> {
    const beginning = this.#begin(kind)
    try {
      const value = await action()
      await this.#whileAlive()
      return { value }
    } catch (error) {
      await this.#whileAlive()
      return { error: this.#excused(words, error, beginning) }
    }
  }

  #begin(kind: Beginning['kind']): Beginning {
    const { faults, clock } = this.#parts
    const { removals } = this.account
    return {
      kind,
      faults: faults(),
      time: clock.elapsed,
      wasRunning: this.isRunning,
      transitions: this.#transitions,
      removals: removals.length + (kind === 'removal' ? 1 : 0),
      openRemovals: removals.filter(({ state }) => state === 'open').length,
    }
  }

  /** The error, where it is one by name and there is a reason for it. */
  #excused(words: string, error: unknown, beginning: Beginning): VarveError {
    const named = namedError(error, words)
    if (this.#hasReason(named, beginning)) return named
    throw new BrokenPromise(`${words} ended in ${named.code} without a reason: ${named.message}`, { cause: error })
  }

  #hasReason({ code }: VarveError, { kind, faults: before, time, wasRunning, transitions, removals, openRemovals }: Beginning): boolean {
    const { faults, clock } = this.#parts
    // A file that is being replaced at this moment can't be opened at once.
    if (code === 'BUSY' && kind === 'read' && openRemovals > 0) return true
    // What an earlier fault has spoilt may refuse every later write, but no read of what is there.
    if (isOfTheMedium(code)) return faults() > (kind !== 'read' || code === 'FAILED' ? 0 : before)
    switch (code) {
      case 'TIMEOUT':
        return clock.elapsed - time >= this.db.options.timeout
      case 'NOT_RUNNING':
        return !wasRunning || transitions < this.#transitions || this.#isStopping
      case 'INDEX_NOT_FOUND':
      case 'INVALID_LOCATION':
      case 'TRIM_MISMATCH':
        // A removal beside it may have taken away what this is about.
        return openRemovals > 0 || this.account.removals.length > removals
      default:
        return false
    }
  }

  /** Writes down what came of items that were handed in. */
  #note(words: string, entries: readonly Entry[], locations: readonly Location[] | undefined, error: Outcome, durable: boolean): void {
    const told = locations ?? error?.locations ?? []
    if (error?.pending && told.length === 0) throw new BrokenPromise(`${words} is said to be pending, but not where`)
    if (told.length > entries.length) throw new BrokenPromise(`${words} gives ${told.length} locations`)
    if (locations && locations.length < entries.length) throw new BrokenPromise(`${words} gives only ${locations.length} locations`)
    entries.forEach((entry, n) => {
      const location = told[n]
      if (location) this.account.accept(entry, location)
      else this.account.refuse(entry)
    })
    if (durable && !error && locations) this.account.acknowledge(entries)
  }

  /** What was accepted before `action` began is durable when it is over. */
  async #acknowledging(words: string, action: () => Promise<void>): Promise<Outcome> {
    const accepted = this.account.stored()
    const answer = await this.attempt(words, action)
    if (!answer.error) this.account.acknowledge(accepted)
    return answer.error
  }

  async #remove(removal: Removal, action: () => Promise<number>): Promise<Outcome> {
    const answer = await this.attempt(
      removal.words,
      () => {
        this.account.beginRemoval(removal)
        return action()
      },
      'removal',
    )
    if (!answer.error) this.account.endRemoval(removal)
    else if (['INDEX_NOT_FOUND', 'INVALID_LOCATION', 'TRIM_MISMATCH', 'NOT_RUNNING'].includes(answer.error.code)) removal.state = 'void'
    return answer.error
  }

  async #whileAlive(): Promise<void> {
    if (this.#isDead) await new Promise<never>(() => undefined)
  }
}

/** An add that was given up by its signal ends in the signal's own reason: nothing was taken. */
function unlessGivenUp(signal: AbortSignal | undefined): (error: unknown) => undefined {
  return (error) => {
    if (!signal?.aborted || error !== signal.reason) throw error
    return undefined
  }
}

export type Answer<T> = { readonly value: T; readonly error?: undefined } | { readonly value?: undefined; readonly error: VarveError }
