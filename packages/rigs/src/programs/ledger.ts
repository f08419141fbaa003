import type { Location } from '@varve/core'

/** An item that was handed to a store. */
export interface LedgerItem {
  /** Tells its content, with the size. */
  readonly number: number
  readonly size: number
  /** Where it is: known once the store has said so, though it may have been there before. Never known of an item that was refused. */
  location?: Location
}

/** An item with its place in the order of all that were added. */
export interface PlacedItem extends Required<LedgerItem> {
  readonly sequence: number
}

/** Something that removes items: all that it covers, or none. */
export interface Removal {
  readonly words: string
  /** It has to wait until the cursor is behind what it covers. */
  readonly awaitsCursor?: boolean
  covers(location: Location): boolean
}

/** What a store holds before a program begins: all of it durable. */
export interface LedgerBase {
  /** In order; those that were removed before included, since their places are not used again. */
  readonly items: readonly PlacedItem[]
  /** The sequences of those that were removed. */
  readonly removed: ReadonlySet<number>
  /** The sequence of the next item. */
  readonly next: number
  /** Where the cursor is. */
  readonly cursor: number
}

export const emptyBase: LedgerBase = { items: [], removed: new Set(), next: 0, cursor: 0 }

/** What came to pass, in order. */
type Fact =
  /** From here on it may be there. As a group: all of them or none. */
  | { readonly kind: 'handed'; readonly items: readonly LedgerItem[] }
  /** The store has said that it is durable. */
  | { readonly kind: 'durable'; readonly items: readonly LedgerItem[] }
  | { readonly kind: 'durableAt'; readonly locations: readonly Location[] }
  | { readonly kind: 'durableBelow'; readonly sequence: number }
  /** The cursor is about to be moved there, or was. */
  | { readonly kind: 'committing' | 'committed'; readonly position: number }
  | { readonly kind: 'removing' | 'removed' | 'notRemoved'; readonly removal: Removal }

/**
 * What a store was given and what it said about that, in the order in which it happened. A moment is a number of facts: what was promised then can be
 * asked later, when the place of every item is known.
 */
export class Ledger {
  readonly base: LedgerBase
  readonly #facts: Fact[] = []
  readonly #items: LedgerItem[] = []
  readonly #groups: (readonly LedgerItem[])[] = []
  #nextNumber: number

  constructor(base: LedgerBase = emptyBase, nextNumber = 0) {
    this.base = base
    this.#nextNumber = nextNumber
  }

  /** How many facts there are: this moment. */
  get moment(): number {
    return this.#facts.length
  }

  get nextNumber(): number {
    return this.#nextNumber
  }

  get facts(): readonly Fact[] {
    return this.#facts
  }

  /** Items that have to be there as a whole or not at all. */
  get groups(): readonly (readonly LedgerItem[])[] {
    return this.#groups
  }

  /** New items are about to be handed to the store. */
  hand(sizes: readonly number[], options: { readonly asGroup: boolean } = { asGroup: false }): LedgerItem[] {
    const items = sizes.map((size) => ({ number: this.#nextNumber++, size }))
    this.#items.push(...items)
    if (options.asGroup) this.#groups.push(items)
    this.#facts.push({ kind: 'handed', items })
    return items
  }

  durable(items: readonly LedgerItem[]): void {
    this.#facts.push({ kind: 'durable', items })
  }

  durableAt(locations: readonly Location[]): void {
    this.#facts.push({ kind: 'durableAt', locations })
  }

  durableBelow(sequence: number): void {
    this.#facts.push({ kind: 'durableBelow', sequence })
  }

  cursor(kind: 'committing' | 'committed', position: number): void {
    this.#facts.push({ kind, position })
  }

  removal(kind: 'removing' | 'removed' | 'notRemoved', removal: Removal): void {
    this.#facts.push({ kind, removal })
  }

  /** The items whose place is not known, in the order in which they were handed in. */
  unplaced(): readonly LedgerItem[] {
    return this.#items.filter(({ location }) => location === undefined)
  }

  /** The items whose place is known by now and that are not removed, in order. */
  stored(): PlacedItem[] {
    const removals = this.#facts.flatMap((fact) => (fact.kind === 'removed' ? [fact.removal] : []))
    return this.placed().filter(
      ({ sequence, location }) => !this.base.removed.has(sequence) && !removals.some((removal) => removal.covers(location)),
    )
  }

  /** Every item whose place is known by now, in order: an item that comes behind another was added behind it. */
  placed(): PlacedItem[] {
    const added = this.#items.filter((item): item is Required<LedgerItem> => item.location !== undefined)
    added.sort((a, b) => a.location.index - b.location.index || a.location.position - b.location.position)
    return [...this.base.items, ...added.map((item, n) => ({ ...item, sequence: this.base.next + n }))]
  }
}
