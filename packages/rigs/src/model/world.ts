import { type FaultyBackend, faultyBackend, type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import { BrokenPromise } from '../checker/broken-promise.js'
import { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import { Account } from '../watch/account.js'
import { lookAt } from '../watch/look-at.js'
import { type LosableBackend, losableLock } from '../watch/losable-lock.js'
import { Patience, turn } from '../watch/patience.js'
import { assertKeptWhenReopened, recoverAndLook } from '../watch/reopening.js'
import { settle, settlementOf } from '../watch/settlement.js'
import { type Outcome, WatchedStore } from '../watch/watched-store.js'
import { CallGates } from './call-gates.js'

/** What goes on until the store stops or fails, and is over then. */
export interface Companion {
  readonly ended: Promise<unknown>
  /** Called when nothing else is under way any more. */
  assertCaughtUp?(): void
}

/** A process: what ends together. */
interface Process {
  readonly clock: ManualClock
  readonly gates: CallGates
  readonly lease: LosableBackend
  readonly backend: FaultyBackend
  readonly store: WatchedStore
  readonly patience: Patience
  companions: readonly Companion[]
  /** Operations that are not over. */
  readonly underWay: Set<Promise<unknown>>
}

/** A store on a disk that fails and loses power, in a process that ends, with everything that happens to it in the hands of a test. */
export class World {
  readonly account = new Account()
  readonly settings: StoreSettings
  crashes = 0
  powerCuts = 0
  /** Faults of the processes that have ended. */
  #faultsBefore = 0
  readonly #violations: unknown[] = []
  readonly #commands: string[] = []
  #disk = powerLossBackend()
  #process: Process

  constructor(settings: StoreSettings) {
    this.settings = settings
    this.#process = this.#newProcess(new ManualClock())
  }

  get faults(): number {
    return this.#faultsBefore + this.gates.struck
  }

  get store(): WatchedStore {
    return this.#process.store
  }

  get clock(): ManualClock {
    return this.#process.clock
  }

  get gates(): CallGates {
    return this.#process.gates
  }

  get disk(): PowerLossBackend {
    return this.#disk
  }

  /** Begins an operation and, with `wait`, waits for its end; else it goes on beside what comes next. */
  async do(words: string, operation: () => Promise<unknown>, wait: boolean): Promise<void> {
    const { patience, underWay } = this.#process
    const running = operation().catch((error: unknown) => void this.#violations.push(error))
    underWay.add(running)
    void running.then(() => underWay.delete(running))
    if (wait) await patience.until(running, words)
    this.assertKept()
  }

  /** Waits for the end of everything that is under way, and until followers have seen all there is. */
  async quiesce(): Promise<void> {
    const { patience, underWay, companions } = this.#process
    await patience.until(Promise.all(underWay), 'one of the operations under way')
    await patience.rest()
    while (this.gates.letGo()) await patience.rest()
    for (const companion of companions) companion.assertCaughtUp?.()
    this.assertKept()
  }

  accompany(companion: Companion): void {
    const own = this.#process
    own.companions = [...own.companions, companion]
    companion.ended.catch((error: unknown) => void this.#violations.push(error))
  }

  /** Throws the first violation that came up beside the operations that were waited for. */
  assertKept(): void {
    if (this.#violations.length > 0) throw this.#violations[0]
  }

  async start(): Promise<Outcome> {
    const { store, patience, backend } = this.#process
    const outcome = await patience.until(store.start(), 'start')
    if (outcome) {
      if (store.db.state !== 'stopped') throw new BrokenPromise(`start ended in ${outcome.code}, and the store is ${store.db.state}`)
      if (backend.openFiles.length > 0)
        throw new BrokenPromise(`start ended in ${outcome.code} and left handles open: ${backend.openFiles.join(', ')}`)
      return outcome
    }
    await this.#assertAllLetGo()
    settle(this.account, settlementOf(this.account, { ...(await lookAt(this.#disk, this.settings)), nextSequence: store.nextSequence }))
    return undefined
  }

  async startIf(wanted: boolean): Promise<void> {
    // A stop that was refused leaves it running.
    if (wanted && !this.store.isRunning) await this.start()
  }

  /** Lets some of the calls go on that wait, with turns in between for what comes of it. */
  async letGo(calls: number): Promise<void> {
    for (let n = 0; n < calls; n++) {
      this.gates.letGo()
      await turn()
    }
  }

  async stop(): Promise<Outcome> {
    const { store, patience, backend } = this.#process
    const outcome = await patience.until(store.stop(), 'stop')
    if (outcome) return outcome
    await this.#assertAllLetGo()
    if (backend.openFiles.length > 0) throw new BrokenPromise(`after stop handles are open: ${backend.openFiles.join(', ')}`)
    if (backend.locks > 0) throw new BrokenPromise('after stop the lock is held')
    this.assertKept()
    return undefined
  }

  /** Counts a command that was done. */
  count(words: string): void {
    this.#commands.push(words)
  }

  get commands(): readonly string[] {
    return this.#commands
  }

  /** The end of a run: stops the store, or recovers it, and looks at it without any fault. */
  async finish(): Promise<void> {
    this.gates.disarm()
    this.gates.pace = 0
    if (this.store.isRunning) await this.quiesce()
    const outcome = await this.stop()
    if (outcome) throw new BrokenPromise(`stop ended in ${outcome.code}, though nothing goes wrong any more: ${outcome.message}`)
    await this.kill()
    await assertKeptWhenReopened(this.#disk, this.settings, this.account)
  }

  /** A store that has stopped, or was started again after a failure, has let go of everybody. */
  async #assertAllLetGo(): Promise<void> {
    const { patience, underWay, companions } = this.#process
    await patience.until(Promise.all(underWay), 'an operation on a store that has stopped or failed')
    await patience.until(Promise.allSettled(companions.map(({ ended }) => ended)), 'a follower of a store that has stopped or failed')
    this.#process.companions = []
    this.assertKept()
  }

  /** Ends the process as `kill -9` does. */
  async kill(): Promise<void> {
    this.crashes++
    await this.#end()
    this.#process = this.#newProcess(new ManualClock(this.clock.now()))
  }

  /** Cuts the power: the disk is left in one of the states that this could leave. */
  async losePower(seed: number): Promise<void> {
    this.crashes++
    const state = this.#disk.crashState(seed)
    await this.#end()
    this.#disk = state.backend()
    this.#process = this.#newProcess(new ManualClock(this.clock.now()))
  }

  /** Recovers, aside, what a power cut could leave now. */
  async peekAfterPowerCut(seed: number): Promise<void> {
    const state = this.#disk.crashState(seed)
    const promised = this.account.copy()
    this.powerCuts++
    try {
      settlementOf(promised, await recoverAndLook(state.backend(), this.settings))
    } catch (error) {
      throw new BrokenPromise(`after a power cut (${state.description}): ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }

  /** Opens a stopped store and stops it, twice: the second time nothing may change. */
  async openTwice(): Promise<void> {
    // A store that failed holds its lock until it is told to stop.
    if (await this.stop()) return
    await assertKeptWhenReopened(this.#disk, this.settings, this.account)
  }

  loseLock(): void {
    this.gates.countStrike()
    this.#process.lease.loseLock()
  }

  async #end(): Promise<void> {
    const { store, backend, lease, gates } = this.#process
    this.#faultsBefore += gates.struck
    store.die()
    await backend.end()
    // So that a store nobody has any more is not kept until the program ends.
    lease.loseLock()
  }

  /** Whatever comes of it: leaves nothing behind in this program. */
  async leave(): Promise<void> {
    await this.#end()
  }

  #newProcess(clock: ManualClock): Process {
    const gates = new CallGates(this.#disk)
    const lease = losableLock(this.#disk)
    const backend = faultyBackend(lease, gates.choose)
    const store = new WatchedStore({ backend, settings: this.settings, clock, account: this.account, faults: () => gates.struck })
    const patience = new Patience({ clock, progress: () => backend.count(), letGo: gates.letGo })
    return { clock, gates, lease, backend, store, patience, companions: [], underWay: new Set() }
  }
}
