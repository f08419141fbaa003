import type { Ledger, PlacedItem, Removal } from '../programs/ledger.js'

/** What a store must hold after a power cut at some moment, and what it may hold. */
export interface Expectation {
  /** Every item that may be there, in order, by its sequence: without gaps from the first on. */
  readonly items: readonly PlacedItem[]
  /** The sequence of the next item is at least this: everything before it was acknowledged. */
  readonly least: number
  /** And at most this: nothing behind it had been handed to the store. */
  readonly most: number
  /** Sequences from and to: all are there or none. */
  readonly groups: readonly { readonly from: number; readonly to: number }[]
  /** Sequences that were removed for certain. */
  readonly removed: ReadonlySet<number>
  /** Those of which some may be removed already by what has to wait for the cursor, and by nothing else. */
  readonly awaiting: ReadonlySet<number>
  /** The cursor is there, or between. */
  readonly cursor: { readonly least: number; readonly most: number }
  /** Removals under way, each by the sequences it removes: done or not begun. */
  readonly removing: readonly ReadonlySet<number>[]
  /** The first item number that the program has not used. */
  readonly nextNumber: number
  /** Equal where the same is expected. */
  readonly key: string
}

/** What was promised at a moment. To be asked when the program is over, since only then the places of all items are known. */
export function expectationAt(ledger: Ledger, moment: number): Expectation {
  const { base } = ledger
  const placed = ledger.placed()
  const bySequence = (items: Iterable<PlacedItem>): Set<number> => new Set([...items].map(({ sequence }) => sequence))
  const handed = new Set<number>()
  let least = base.next
  const removed = new Set(base.removed)
  const removing = new Set<Removal>()
  const begun = new Set<Removal>()
  const cursor = { least: base.cursor, most: base.cursor }
  const sequenceOf = new Map(placed.map(({ number, sequence }) => [number, sequence]))
  const acknowledge = (sequence: number): void => {
    least = Math.max(least, sequence)
  }
  for (const fact of ledger.facts.slice(0, moment)) {
    switch (fact.kind) {
      case 'handed':
        for (const { number } of fact.items) handed.add(number)
        break
      case 'durable':
        for (const { number } of fact.items) acknowledge((sequenceOf.get(number) ?? -1) + 1)
        break
      case 'durableAt':
        for (const { index, position } of fact.locations) {
          const item = placed.find(({ location }) => location.index === index && location.position === position)
          acknowledge((item?.sequence ?? -1) + 1)
        }
        break
      case 'durableBelow':
        acknowledge(fact.sequence)
        break
      case 'committing':
        cursor.most = Math.max(cursor.most, fact.position)
        break
      case 'committed':
        cursor.least = Math.max(cursor.least, fact.position)
        break
      case 'removing':
        removing.add(fact.removal)
        begun.add(fact.removal)
        break
      default:
        removing.delete(fact.removal)
        if (fact.kind === 'removed') for (const item of placed) if (fact.removal.covers(item.location)) removed.add(item.sequence)
    }
  }
  // What was placed behind an item that nobody had handed in yet can't be there either.
  const unhanded = placed.find(({ sequence, number }) => sequence >= base.next && !handed.has(number))
  const most = unhanded?.sequence ?? base.next + placed.length - base.items.length
  const items = placed.filter(({ sequence }) => sequence < most)
  const expectation = {
    items,
    least,
    most,
    groups: ledger.groups.flatMap((group) => {
      const sequences = group.flatMap(({ number }) => sequenceOf.get(number) ?? [])
      return sequences.length > 1 ? [{ from: Math.min(...sequences), to: Math.max(...sequences) + 1 }] : []
    }),
    removed,
    removing: [...removing].flatMap((removal) => {
      const sequences = bySequence(items.filter(({ sequence, location }) => !removed.has(sequence) && removal.covers(location)))
      return sequences.size > 0 ? [sequences] : []
    }),
    awaiting: bySequence(
      items.filter(({ sequence, location }) => {
        const removals = [...begun].filter((removal) => removal.covers(location))
        return removals.length > 0 && !base.removed.has(sequence) && removals.every(({ awaitsCursor = false }) => awaitsCursor)
      }),
    ),
    cursor,
    nextNumber: ledger.nextNumber,
  }
  return { ...expectation, key: keyOf(expectation) }
}

function keyOf({ items, least, most, groups, removed, removing, awaiting, cursor }: Omit<Expectation, 'key'>): string {
  return JSON.stringify([
    least,
    most,
    cursor.least,
    cursor.most,
    [...awaiting],
    items.map(({ number, sequence, location: { index, position, size } }) => [number, sequence, index, position, size]),
    groups.filter(({ from, to }) => from < most && to > least).map(({ from, to }) => [from, to]),
    [...removed],
    removing.map((sequences) => [...sequences]),
  ])
}
