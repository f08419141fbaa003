import type { Location } from '@varve/core'

type EntryState =
  /** Handed in; what became of it was not told yet. */
  | 'offered'
  /** It has its place. A crash may take it away. */
  | 'accepted'
  /** It was acknowledged as durable, or found after a start. */
  | 'durable'
  /** The store said that it did not take it. */
  | 'refused'
  /** It was not there after a start, and must never be again. */
  | 'lost'
  /** It was durable once and trimmed or dropped. */
  | 'removed'

/** An item that was handed to a store, with what is known of it. */
export interface Entry {
  /** Tells its bytes, with the size. */
  readonly number: number
  readonly size: number
  /** Those that have to be there with it or not at all, itself included. */
  readonly group: readonly Entry[] | undefined
  /** It was handed in when the item there had its place already, and so comes behind it. */
  readonly behind: Location | undefined
  state: EntryState
  location: Location | undefined
  sequence: number | undefined
}

export type PlacedEntry = Entry & { location: Location }

/** Whether it has a place that is its own for as long as the process lives. */
export function isPlaced(entry: Entry): entry is PlacedEntry {
  return (entry.state === 'accepted' || entry.state === 'durable') && entry.location !== undefined
}

/** Whether whoever looks must find it: a transaction's item only once all of it is durable. */
export function isShown({ state, group }: Entry): boolean {
  return state === 'durable' || (state === 'accepted' && group === undefined)
}

/** One line for people. */
export function describeEntry({ number, size, state, location }: Entry): string {
  const place = location ? ` at ${location.index}:${location.position}` : ''
  return `item ${number} (${size} bytes, ${state}${place})`
}
