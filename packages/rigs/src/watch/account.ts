import { compareLocations, type Location } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { describeEntry, type Entry, isPlaced, type PlacedEntry } from './entry.js'
import type { Removal } from './removal.js'

/**
 * The plain model of a store whose calls fail, overlap and end in the middle: every item that was handed in, with what was said of it, and every removal. It is kept over
 * crashes and starts, so that nothing comes back that was gone. (A `Ledger` is for programs that run undisturbed: it can be asked about any moment of theirs.)
 */
export class Account {
  readonly #entries: Entry[] = []
  readonly #removals: Removal[] = []
  /** The item that a place belongs to: for good once it was durable. */
  readonly #byPlace = new Map<string, PlacedEntry>()
  /** Places that were acknowledged before it was told whose they are. */
  readonly #durablePlaces = new Set<string>()
  /** Sequences that were told before it was told whose they are. */
  readonly #placedSequences = new Map<string, number>()
  readonly #bySequence = new Map<number, Entry>()
  /** Everything before it was acknowledged. */
  #durableBelow = 0
  #last: Location | undefined
  /** Where the cursor is, at least and at most. */
  #cursor = { least: 0, most: 0 }

  get entries(): readonly Entry[] {
    return this.#entries
  }

  get removals(): readonly Removal[] {
    return this.#removals
  }

  /** The account of this moment: nothing that is said later changes it. */
  copy(): Account {
    const copy = new Account()
    const groups = new Map<readonly Entry[], Entry[]>()
    for (const entry of this.#entries) {
      const group = entry.group && (groups.get(entry.group) ?? [])
      const own = { ...entry, group }
      if (entry.group && group) groups.set(entry.group, group)
      group?.push(own)
      copy.#entries.push(own)
      if (own.location && this.#byPlace.has(placeOf(own.location))) copy.#byPlace.set(placeOf(own.location), own as PlacedEntry)
      if (own.sequence !== undefined) copy.#bySequence.set(own.sequence, own)
    }
    copy.#removals.push(...this.#removals.map((removal) => ({ ...removal })))
    copy.#last = this.#last
    copy.#cursor = { ...this.#cursor }
    return copy
  }

  /** Items are about to be handed to the store; as a group: all of them or none. */
  offer(sizes: readonly number[], { asGroup = false } = {}): Entry[] {
    const group: Entry[] | undefined = asGroup ? [] : undefined
    const first = this.#entries.length
    const entries = sizes.map(
      (size, n): Entry => ({
        number: first + n,
        size,
        group,
        behind: this.#last,
        state: 'offered',
        location: undefined,
        sequence: undefined,
      }),
    )
    group?.push(...entries)
    this.#entries.push(...entries)
    return entries
  }

  /** The store has said where the item is. */
  accept(entry: Entry, location: Location): void {
    if (entry.location && compareLocations(entry.location, location) === 0) return
    const words = `${describeEntry(entry)} got the place ${location.index}:${location.position}`
    if (entry.location) throw new BrokenPromise(`${words}, a second one`)
    if (location.size !== entry.size) throw new BrokenPromise(`${words} with the size ${location.size}`)
    if (entry.behind && compareLocations(entry.behind, location) >= 0) {
      throw new BrokenPromise(
        `${words}, though it was handed in when ${entry.behind.index}:${entry.behind.position} had been given out already`,
      )
    }
    const place = placeOf(location)
    const holder = this.#byPlace.get(place)
    if (holder) throw new BrokenPromise(`${words}, which ${describeEntry(holder)} has`)
    entry.location = location
    this.#byPlace.set(place, entry as PlacedEntry)
    if (!this.#last || compareLocations(this.#last, location) < 0) this.#last = location
    if (this.#isRemoved(location)) entry.state = 'removed'
    else if (this.#durablePlaces.delete(place)) entry.state = 'durable'
    else if (entry.state === 'offered') entry.state = 'accepted'
    const sequence = this.#placedSequences.get(place)
    if (sequence !== undefined) this.number(entry, sequence)
  }

  /** The store has said that they are durable. */
  acknowledge(entries: Iterable<Entry>): void {
    for (const entry of entries) if (entry.state === 'accepted') entry.state = 'durable'
  }

  acknowledgeAt(locations: Iterable<Location>): void {
    for (const location of locations) {
      const entry = this.#byPlace.get(placeOf(location))
      if (entry) this.acknowledge([entry])
      else this.#durablePlaces.add(placeOf(location))
    }
  }

  acknowledgeBelow(sequence: number): void {
    for (; this.#durableBelow < sequence; this.#durableBelow++) {
      const entry = this.#bySequence.get(this.#durableBelow)
      if (entry) this.acknowledge([entry])
    }
  }

  /** The store has said which sequence the item has that stands there. */
  numberAt(location: Location, sequence: number): void {
    const entry = this.at(location)
    if (entry) this.number(entry, sequence)
    else this.#placedSequences.set(placeOf(location), sequence)
  }

  /** The store has said which sequence the item has. */
  number(entry: Entry, sequence: number): void {
    const holder = this.#bySequence.get(sequence)
    if (holder && holder !== entry)
      throw new BrokenPromise(`${describeEntry(entry)} has the sequence ${sequence}, which ${describeEntry(holder)} has`)
    if (entry.sequence !== undefined && entry.sequence !== sequence) {
      throw new BrokenPromise(`${describeEntry(entry)} has the sequence ${sequence}, and had ${entry.sequence} before`)
    }
    entry.sequence = sequence
    this.#bySequence.set(sequence, entry)
    if (sequence < this.#durableBelow) this.acknowledge([entry])
  }

  /** The store has said that it did not take the item. */
  refuse(entry: Entry): void {
    if (entry.state === 'offered') entry.state = 'refused'
  }

  /** The item that has a place now. */
  at(location: Location): PlacedEntry | undefined {
    return this.#byPlace.get(placeOf(location))
  }

  /** The items that have their place and were not removed for certain, in order. */
  stored(): PlacedEntry[] {
    return this.#entries.filter(isPlaced).sort((a, b) => compareLocations(a.location, b.location))
  }

  /** The items whose place is known, those that were removed included. */
  placed(): PlacedEntry[] {
    return this.#entries.filter(
      (entry): entry is PlacedEntry => isPlaced(entry) || (entry.state === 'removed' && entry.location !== undefined),
    )
  }

  /** The cursor is about to be moved there. */
  moveCursor(position: number): void {
    this.#cursor.most = Math.max(this.#cursor.most, position)
  }

  /** The store has said that it is there, or behind that. */
  cursorMoved(position: number): void {
    this.#cursor.least = Math.max(this.#cursor.least, position)
  }

  /** Throws where the cursor can't be at the place where it was found. */
  assertCursorAt(position: number): void {
    const { least, most } = this.#cursor
    if (position < least) throw new BrokenPromise(`the cursor is at ${position}, though it was moved to ${least}`)
    if (position > most) throw new BrokenPromise(`the cursor is at ${position}, though it was never moved beyond ${most}`)
  }

  settleCursor(position: number): void {
    this.#cursor = { least: position, most: position }
  }

  beginRemoval(removal: Removal): void {
    this.#removals.push(removal)
  }

  /** It took effect: of what it covers nothing may be there any more, whenever it was accepted. */
  endRemoval(removal: Removal): void {
    removal.state = 'done'
    for (const entry of this.#entries) if (isPlaced(entry) && removal.covers(entry.location)) entry.state = 'removed'
  }

  /** Whether a removal that may or may not have taken effect covers the place. */
  mayBeRemoved(location: Location): boolean {
    return this.#removals.some((removal) => removal.state === 'open' && removal.covers(location))
  }

  /** The process has ended, or the store has failed: what was accepted and is not in `kept` is gone for good. */
  settle(kept: ReadonlySet<Entry>): void {
    for (const entry of this.#entries) {
      if (entry.state === 'offered' && !kept.has(entry)) entry.state = 'lost'
      if (entry.state !== 'accepted') continue
      if (kept.has(entry)) entry.state = 'durable'
      else this.#lose(entry)
    }
    this.#durablePlaces.clear()
    this.#placedSequences.clear()
    this.#durableBelow = 0
    this.#last = this.placed().reduce<Location | undefined>(
      (last, { location }) => (last && compareLocations(last, location) > 0 ? last : location),
      undefined,
    )
  }

  #lose(entry: Entry): void {
    entry.state = 'lost'
    if (entry.location) this.#byPlace.delete(placeOf(entry.location))
    if (entry.sequence !== undefined) this.#bySequence.delete(entry.sequence)
    entry.location = undefined
    entry.sequence = undefined
  }

  #isRemoved(location: Location): boolean {
    return this.#removals.some((removal) => removal.state === 'done' && removal.covers(location))
  }
}

function placeOf({ index, position }: Location): string {
  return `${index}:${position}`
}
