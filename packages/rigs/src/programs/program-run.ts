import type { PowerLossBackend } from '@varve/backend/faults'
import { type Location, Varve, VarveError } from '@varve/core'
import { judgeRecovered } from '../checker/checker.js'
import { expectationAt } from '../checker/expectation.js'
import { isContentOf, sightingsOf } from '../checker/sighting.js'
import { CURSOR, cursorOf } from './cursor.js'
import { withStoreId } from './fixed-store-id.js'
import { contentOf } from './item-content.js'
import { Ledger, type LedgerItem, type PlacedItem, type Removal } from './ledger.js'
import { ManualClock } from './manual-clock.js'
import { MortalProcess } from './mortal-process.js'
import { noteRetention } from './note-retention.js'
import type { Operation, RemovalOperation } from './operation.js'
import type { Program } from './program.js'

// What fills a file up: small enough for the smallest file to take several.
const FILLER = 90

/** What an item takes beside its own bytes. */
const RECORD_HEADER = 8

/** What an operation begun together with others may be refused for: it came too late, or another has removed what it was about. */
const REFUSALS: readonly string[] = ['NOT_RUNNING', 'INDEX_NOT_FOUND', 'INVALID_LOCATION']

/** A program's operations on one disk, from one power cut to the next. Keeps the ledger. */
export class ProgramRun {
  #ledger: Ledger
  readonly #disk: PowerLossBackend
  readonly #program: Program
  readonly #clock = new ManualClock()
  #process: MortalProcess | undefined
  #store: Varve | undefined
  /** The sequence of the next item, as of the last start. */
  #next = 0
  /** The file that adds go to, as far as the program was told. */
  #index: number

  constructor(disk: PowerLossBackend, program: Program, ledger: Ledger) {
    this.#disk = disk
    this.#program = program
    this.#ledger = ledger
    this.#index = ledger.base.items.at(-1)?.location.index ?? 0
  }

  /** What was promised since the last recovery: another ledger after each. */
  get ledger(): Ledger {
    return this.#ledger
  }

  /** Does one operation, and rejects where the store refuses what it must not refuse. */
  async do(operation: Operation): Promise<void> {
    if (operation.do === 'start') return this.#store ? undefined : this.#start()
    if (operation.do === 'kill') return this.#kill(operation.operation, operation.at)
    if (!this.#store) return
    if (operation.do === 'failSync') return this.#failSync(operation.operation, operation.of)
    if (operation.do === 'together') {
      const { operations } = operation
      await Promise.all(operations.map((each) => this.do(each).catch(expectRefusal)))
    } else if (this.#store.options.retention.maxFiles === undefined) await this.#perform(this.#store, operation)
    // What a retention has dropped meanwhile can't be removed once more.
    else await this.#perform(this.#store, operation).catch(expectRefusal)
    this.#clock.advance(1)
  }

  /** Lets go of what the run holds; what it does to the disk is part of no program. */
  async leave(): Promise<void> {
    await this.#store?.stop()
  }

  async #start({ retains = true } = {}): Promise<void> {
    // What is loaded on its first use would make a program's first run another one than its second.
    await Varve.preload()
    this.#process = new MortalProcess(this.#disk)
    const { settings } = this.#program
    const options = { ...settings, retention: retains ? (settings.retention ?? {}) : {}, overwrite: true }
    const store = new Varve(this.#process, options, this.#clock)
    store.on('write', (event) => {
      if (event.durable) this.ledger.durableAt(event.locations())
    })
    store.on('sync', ({ sequence }) => this.ledger.durableBelow(sequence))
    store.on('start', ({ nextSequence }) => (this.#next = nextSequence))
    noteRetention({ store, lastIndex: () => this.#lastIndex(), ledger: () => this.ledger })
    await withStoreId(this.#program.seed, () => store.start())
    this.#store = store
  }

  #lastIndex(): number {
    return Math.max(...[...this.#disk.contents().keys()].map((name) => Number(/^data(\d{5})\.dat$/.exec(name)?.[1] ?? -1)))
  }

  async #kill(operation: Operation, at: number): Promise<void> {
    let steps = 0
    let stopCounting = (): void => {}
    const death = new Promise<void>((resolve) => {
      stopCounting = this.#disk.onStep(async ({ phase }) => {
        // A change of a name that is cut off in its middle would be under way for ever on this disk; a sync of it that fails is much the same.
        if (++steps < at || phase === 'during') return
        this.#process?.kill()
        resolve()
        await new Promise(() => {})
      })
    })
    await Promise.race([death, this.do(operation)])
    stopCounting()
    this.#process?.kill()
    await this.#startAgain()
  }

  async #failSync(operation: Operation, of: 'file' | 'directory'): Promise<void> {
    this.#disk.failNextSync(of === 'directory' ? { of } : {})
    await this.do(operation).catch(expectNamed)
    // If there was nothing yet to sync, now there is.
    if (of === 'file') await this.do({ do: 'add', sizes: [7], durable: true }).catch(expectNamed)
    for (let tries = 0; this.#store && this.#store.state !== 'stopped' && tries < 3; tries++) await this.#store.stop().catch(expectNamed)
    // The lock makes every name durable, so it is a sync of the directory that fails at the latest here.
    await this.#startAgain().catch((error: unknown) => {
      expectNamed(error)
      return this.#startAgain()
    })
  }

  /** Opens the store again on the disk as it is. What it shows is a promise from then on; so nothing is dropped on its own until the next start. */
  async #startAgain(): Promise<void> {
    await this.#start({ retains: false })
    const shown = await sightingsOf(this.#store as Varve)
    const ledger = this.#ledger
    // Where an item is that was under way when the process died, only the store can tell.
    const known = new Set(ledger.placed().map(({ location }) => `${location.index}:${location.position}`))
    for (const { location, data } of shown) {
      if (known.has(`${location.index}:${location.position}`)) continue
      const item = ledger.unplaced().find((unplaced) => isContentOf(unplaced, data))
      if (item) this.#place(item, location)
    }
    const cursor = await cursorOf(this.#store as Varve)
    const recovered = judgeRecovered({ items: shown, next: this.#next, cursor }, expectationAt(ledger, ledger.moment))
    this.#ledger = new Ledger(recovered, ledger.nextNumber)
  }

  async #perform(store: Varve, operation: Operation): Promise<void> {
    switch (operation.do) {
      case 'add':
        await this.#add(store, operation.sizes, operation.durable ?? false)
        break
      case 'transaction':
        await this.#commit(store, operation.sizes)
        break
      case 'flush':
        await this.#acknowledging(() => store.flush())
        break
      case 'rotate':
        for (const from = this.#index; this.#index === from; ) await this.#add(store, [FILLER], false)
        break
      case 'ltrim':
      case 'rtrim':
      case 'drop':
        await this.#remove(store, operation)
        break
      case 'commit':
        await this.#commitCursor(store, operation.back)
        break
      case 'scan':
        for await (const { location } of store.locations()) this.ledger.durableAt([location])
        break
      case 'wait':
        this.#clock.advance(store.options.flushInterval)
        break
      case 'stop':
        await this.#acknowledging(() => store.stop())
        this.#store = undefined
        break
      default:
        throw new Error(`${operation.do} is not an operation on a running store`)
    }
  }

  async #add(store: Varve, sizes: readonly number[], durable: boolean): Promise<void> {
    await Promise.all(
      this.ledger.hand(sizes).map(async (item) => {
        this.#place(item, await store.add(contentOf(item.number, item.size), { durable }))
        if (durable) this.ledger.durable([item])
      }),
    )
  }

  async #commit(store: Varve, sizes: readonly number[]): Promise<void> {
    const transaction = store.transaction()
    const items = this.ledger.hand(sizes, { asGroup: true })
    for (const { number, size } of items) transaction.add(contentOf(number, size))
    const locations = await transaction.commit()
    for (const [n, item] of items.entries()) this.#place(item, locations[n] as Location)
    this.ledger.durable(items)
  }

  async #commitCursor(store: Varve, back: number): Promise<void> {
    const durable: number[] = []
    for await (const { sequence, location } of store.locations()) {
      this.ledger.durableAt([location])
      durable.push(sequence)
    }
    const sequence = durable[Math.max(0, durable.length - 1 - back)]
    if (sequence === undefined) return
    const cursor = await store.cursor(CURSOR)
    this.ledger.cursor('committing', sequence + 1)
    await cursor.commit({ sequence })
    this.ledger.cursor('committed', sequence + 1)
  }

  /** What was accepted before `action` began is durable when it is over. */
  async #acknowledging(action: () => Promise<void>): Promise<void> {
    const accepted = this.ledger.placed()
    await action()
    this.ledger.durable(accepted)
  }

  #place(item: LedgerItem, location: Location): void {
    item.location = location
    this.#index = Math.max(this.#index, location.index)
  }

  async #remove(store: Varve, operation: RemovalOperation): Promise<void> {
    const stored = this.ledger.stored()
    const indexes = [...new Set(stored.map(({ location }) => location.index))]
    const index = around(indexes, operation.file)
    if (index === undefined) return
    const { removal, action } = removalOf(
      store,
      operation,
      stored.filter(({ location }) => location.index === index),
    )
    this.ledger.removal('removing', removal)
    try {
      await action()
    } catch (error) {
      // Whether anything else has left it undone is not known.
      if (isRefusal(error)) this.ledger.removal('notRemoved', removal)
      throw error
    }
    this.ledger.removal('removed', removal)
  }
}

function removalOf(
  store: Varve,
  operation: RemovalOperation,
  items: readonly PlacedItem[],
): { readonly removal: Removal; readonly action: () => Promise<number> } {
  const { index } = (items[0] as PlacedItem).location
  if (operation.do === 'drop') {
    return { removal: { words: `drop ${index}`, covers: (location) => location.index === index }, action: () => store.dropIndex(index) }
  }
  const isLeft = operation.do === 'ltrim'
  const n = around([...items.keys()], operation.item) as number
  const last = (items.at(-1) as PlacedItem).location
  const position = items[isLeft ? n + 1 : n]?.location.position ?? last.position + RECORD_HEADER + last.size
  return {
    removal: {
      words: `${operation.do} ${index}:${position}`,
      covers: (location) => location.index === index && location.position < position === isLeft,
    },
    action: () => (isLeft ? store.ltrim(index, position) : store.rtrim(index, position)),
  }
}

/** The n-th, counted round; from the end with a negative number. */
function around<T>(choices: readonly T[], n: number): T | undefined {
  return choices[((n % choices.length) + choices.length) % choices.length]
}

function isRefusal(error: unknown): boolean {
  return VarveError.is(error) && REFUSALS.includes(error.code)
}

function expectRefusal(error: unknown): void {
  if (!isRefusal(error)) throw error
}

function expectNamed(error: unknown): void {
  if (!VarveError.is(error)) throw error
}
