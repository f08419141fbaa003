import type { FileBackend } from '@varve/backend'
import type { FaultyBackend } from '@varve/backend/faults'
import { BrokenPromise } from '../checker/broken-promise.js'
import type { ManualClock } from '../programs/manual-clock.js'
import type { RemovalOperation } from '../programs/operation.js'
import type { Account } from '../watch/account.js'
import { lookAt } from '../watch/look-at.js'
import { Patience } from '../watch/patience.js'
import { settle, settlementOf } from '../watch/settlement.js'
import { watchedScan } from '../watch/watched-scan.js'
import { type Outcome, WatchedStore } from '../watch/watched-store.js'
import { describeStep, type ErrorProgram, type Step } from './error-program.js'

// What fills a file up: small enough for the smallest file to take several.
const FILLER = 90
// A fault that strikes once may spoil one stop.
const STOPS = 3

export interface ErrorRunParts {
  readonly backend: FaultyBackend
  /** The same without faults, to look at what a start has kept. */
  readonly disk: FileBackend
  readonly program: ErrorProgram
  readonly account: Account
  readonly clock: ManualClock
  /** Called when a step is over that had a fault, or comes behind one. */
  readonly afterFault: () => Promise<void>
}

/** A program on a backend that fails: whatever an operation ends in, the next one is tried all the same. */
export class ErrorRun {
  readonly #parts: ErrorRunParts
  readonly #store: WatchedStore
  readonly #patience: Patience
  readonly #watches: Promise<Outcome>[] = []

  constructor(parts: ErrorRunParts) {
    const { backend, program, account, clock } = parts
    this.#parts = parts
    this.#store = new WatchedStore({ backend, settings: program.settings, clock, account, faults: () => backend.faults })
    this.#patience = new Patience({ clock, progress: () => backend.count() })
  }

  /** Rejects only where a promise is broken. Whether the store is stopped in the end. */
  async run(): Promise<boolean> {
    const { program, backend, afterFault } = this.#parts
    for (const step of program.steps) {
      await this.#patience.until(this.#do(step), describeStep(step))
      if (backend.faults > 0) await afterFault()
      // A failed store is started again at once: that recovers it.
      if (this.#store.db.state === 'failed') await this.#patience.until(this.#start(), 'start after a failure')
    }
    return this.#leave()
  }

  /** Stops the store, once more where that ends in an error: one that is stopped may still have its lock to give back. */
  async #leave(): Promise<boolean> {
    let left: Outcome
    for (let n = 0; n < STOPS; n++) {
      left = await this.#patience.until(this.#store.stop(), 'stop')
      if (!left) break
    }
    await this.#patience.rest()
    if (left) return false
    await this.#patience.until(Promise.all(this.#watches), 'whenDurable on a store that has stopped')
    return true
  }

  /** It asks for no flush, and waits for as long as writes are refused: until the store stops or fails. */
  #watch(watch: Promise<Outcome>): void {
    watch.catch(() => undefined)
    this.#watches.push(watch)
  }

  /** The process has ended. */
  die(): void {
    this.#store.die()
  }

  async #start(): Promise<Outcome> {
    const { disk, program, account } = this.#parts
    const outcome = await this.#store.start()
    if (!outcome)
      settle(account, settlementOf(account, { ...(await lookAt(disk, program.settings)), nextSequence: this.#store.nextSequence }))
    return outcome
  }

  async #do(step: Step): Promise<unknown> {
    const store = this.#store
    if (step.do === 'start') return store.isRunning ? undefined : this.#start()
    if (!store.isRunning) return undefined
    const stored = store.account.stored()
    switch (step.do) {
      case 'add':
        return Promise.all(step.sizes.map((size) => store.add(size, { durable: step.durable ?? false })))
      case 'addMany':
        return store.addMany(step.sizes, { durable: step.durable ?? false })
      case 'transaction':
        return store.commit(step.sizes)
      case 'flush':
        return store.flush()
      case 'rotate':
        return this.#rotate()
      case 'ltrim':
      case 'rtrim':
      case 'drop':
        return this.#remove(step)
      case 'wait':
        return this.#parts.clock.advance(store.db.options.flushInterval)
      case 'stop':
        return store.stop()
      case 'together':
        return Promise.all(step.operations.map((each) => this.#do(each)))
      case 'scan':
        return watchedScan(store, {})
      case 'scanBack':
        return watchedScan(store, { reverse: true })
      case 'scanBuffered':
        return watchedScan(store, { buffered: true })
      case 'readMany':
        return store.readMany(stored)
      case 'whenDurable':
        return this.#watch(store.whenDurable(stored))
      default:
        for (const entry of stored) await store[step.do](entry)
    }
  }

  /** Adds until the items go to the next file, or until an add fails. */
  async #rotate(): Promise<void> {
    const last = (): number => this.#store.account.stored().at(-1)?.location.index ?? 0
    for (const from = last(); last() === from; ) if (await this.#store.add(FILLER)) return
  }

  async #remove(operation: RemovalOperation): Promise<Outcome> {
    const stored = this.#store.account.stored()
    const index = around([...new Set(stored.map(({ location }) => location.index))], operation.file)
    if (index === undefined) return undefined
    if (operation.do === 'drop') return this.#store.drop(index)
    const item = around(
      stored.filter(({ location }) => location.index === index),
      operation.item,
    )
    if (!item) throw new BrokenPromise(`no item of file ${index} is known`)
    const { position, size } = item.location
    return operation.do === 'ltrim' ? this.#store.trim('left', index, position + 8 + size) : this.#store.trim('right', index, position)
  }
}

/** The n-th, counted round; from the end with a negative number. */
function around<T>(choices: readonly T[], n: number): T | undefined {
  return choices[((n % choices.length) + choices.length) % choices.length]
}
