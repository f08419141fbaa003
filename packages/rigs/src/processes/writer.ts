import { type FileBackend, type Location, Varve, type VarveOptions } from '@varve/core'
import { Holdings } from './holdings.js'
import { type Mark, markedItem } from './marked-item.js'
import { observeStore } from './observe-store.js'
import { type PlacedMark, report } from './report.js'

/** A store that is open for writing, and tells all that comes to pass with it. */
export class Writer {
  readonly holdings = new Holdings()
  readonly store: Varve
  #life: number
  #number = 0
  #group = 0
  /** Numbers of items that are accepted, and of which nobody has said that they are durable. */
  readonly #unsettled = new Set<number>()

  constructor(backend: FileBackend, settings: VarveOptions, life: number) {
    this.store = new Varve(backend, settings)
    this.#life = life
    this.store.on('write', ({ durable, sequence, count }) => durable && report({ is: 'frontier', sequence: sequence + count }))
    this.store.on('sync', ({ sequence }) => report({ is: 'frontier', sequence }))
    this.store.on('stop', () => {
      this.#unsettled.clear()
      report({ is: 'stopped' })
    })
  }

  /** Opens the store, with a life of its own, and looks at all there is. */
  async open(): Promise<void> {
    report({ is: 'opening', life: this.#life })
    await this.store.start()
    const items = await observeStore(this.store)
    const { nextSequence } = await this.store.stats()
    report({ is: 'observed', items, next: nextSequence })
    this.holdings.reset(items.map(({ location, sequence: _, ...mark }) => ({ mark, location })))
  }

  /** Begins another life: what was lost of this one must not be taken for what is added from here on. */
  beginLife(): void {
    this.#life++
    this.#number = 0
    this.#group = 0
    this.#unsettled.clear()
  }

  /** A new item, to be handed to the store at once. */
  next(size: number): { readonly mark: Mark; readonly data: Uint8Array } {
    const mark = { life: this.#life, number: this.#number++, group: 0, member: 0, members: 0 }
    return { mark, data: markedItem(mark, size) }
  }

  /** The items of a new transaction. */
  nextGroup(sizes: readonly number[]): readonly { readonly mark: Mark; readonly data: Uint8Array }[] {
    const group = ++this.#group
    return sizes.map((size, member) => {
      const mark = { life: this.#life, number: this.#number++, group, member, members: sizes.length }
      return { mark, data: markedItem(mark, size) }
    })
  }

  /**
   * Tells of items that have their place. There may be fewer places than items: those of the last ones are not known.
   * `readable`: they can be read from now on; a transaction's only once it is durable.
   */
  accepted(
    marks: readonly Mark[],
    locations: readonly Location[],
    { durable, readable }: { readonly durable: boolean; readonly readable: boolean },
  ): void {
    const items: PlacedMark[] = []
    locations.forEach((location, n) => {
      const mark = marks[n] as Mark
      items.push({ mark, location })
      if (readable) this.holdings.add({ mark, location })
      if (!durable) this.#unsettled.add(mark.number)
    })
    if (items.length > 0) report({ is: 'accepted', items, durable })
  }

  /** The numbers of what is accepted and not known to be durable. */
  get unsettled(): readonly number[] {
    return [...this.#unsettled]
  }

  /** Tells that those of these that nobody had called durable are. */
  durable(numbers: readonly number[]): void {
    const settled = numbers.filter((number) => this.#unsettled.delete(number))
    if (settled.length > 0) report({ is: 'durable', numbers: settled })
  }

  /** Whether the store has said that it is durable. */
  isDurable({ life, number }: Mark): boolean {
    return life < this.#life || !this.#unsettled.has(number)
  }

  /** The durable ones among the items of this life. */
  noteShown(marks: readonly Mark[]): void {
    this.durable(marks.filter(({ life }) => life === this.#life).map(({ number }) => number))
  }
}
