import { compareLocations, type Location, type ScannedItem } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { contentOf } from '../programs/item-content.js'
import type { Account } from './account.js'
import { describeEntry, type Entry } from './entry.js'
import type { Removal } from './removal.js'

/** What a store shows. */
export interface Look {
  readonly items: readonly FoundItem[]
  /** Where the cursor is, by its file. */
  readonly cursor: number
  /** The sequence of the next item. */
  readonly nextSequence: number
}

export type FoundItem = ScannedItem

/** What became of everything that was open when a store was opened again. */
export interface Settlement {
  readonly kept: ReadonlyMap<Entry, FoundItem>
  /** The removals that took effect; the other open ones did not. */
  readonly effective: ReadonlySet<Removal>
  readonly cursor: number
}

/** Holds what a store shows after a start against the account: acknowledged ⊆ store ⊆ acknowledged ∪ maybe, groups whole, order kept, removals done or not begun. Changes nothing. */
export function settlementOf(account: Account, { items, cursor, nextSequence }: Look): Settlement {
  const kept = recogniseAll(account, items)
  const effective = effectiveRemovals(account, kept, nextSequence)
  const isGone = ({ location }: Entry): boolean => location !== undefined && [...effective].some((removal) => removal.covers(location))
  assertNothingLost(account, kept, isGone)
  assertGroupsWhole(account, kept, isGone)
  assertInOrder(account, items, effective)
  account.assertCursorAt(cursor)
  if (cursor > nextSequence) throw new BrokenPromise(`the cursor is at ${cursor}, and the next item is ${nextSequence}`)
  return { kept, effective, cursor }
}

/** Takes over what was found: it is durable now, and what is not there never comes back. */
export function settle(account: Account, { kept, effective, cursor }: Settlement): void {
  account.settleCursor(cursor)
  for (const [entry, { location }] of kept) account.accept(entry, location)
  for (const removal of account.removals) {
    if (removal.state !== 'open') continue
    if (effective.has(removal)) account.endRemoval(removal)
    else removal.state = 'void'
  }
  account.settle(new Set(kept.keys()))
  for (const [entry, { sequence }] of kept) account.number(entry, sequence)
}

export function isContentOf(entry: Entry, data: Uint8Array): boolean {
  return Buffer.compare(contentOf(entry.number, entry.size), data) === 0
}

/** The item that was found: the one whose place it is, or one whose place was not told. */
export function recognise(account: Account, { location, data }: Pick<FoundItem, 'location' | 'data'>): Entry {
  const owner = account.at(location)
  if (owner?.state === 'removed') throw new BrokenPromise(`${describeEntry(owner)} is there again`)
  if (owner && isContentOf(owner, data)) return owner
  const place = `${location.index}:${location.position}:${location.size}`
  const entry = account.entries.find((each) => each.state === 'offered' && isContentOf(each, data))
  if (entry && !owner) return entry
  const other = account.entries.find((each) => isContentOf(each, data))
  throw new BrokenPromise(
    `${other ? describeEntry(other) : 'an item that was never added'} is found at ${place}, expected ${owner ? describeEntry(owner) : 'nothing'}`,
  )
}

function recogniseAll(account: Account, found: readonly FoundItem[]): Map<Entry, FoundItem> {
  const kept = new Map<Entry, FoundItem>()
  for (const item of found) {
    const entry = recognise(account, item)
    if (kept.has(entry)) throw new BrokenPromise(`${describeEntry(entry)} is there twice`)
    if (entry.behind && compareLocations(entry.behind, item.location) >= 0) {
      throw new BrokenPromise(
        `${describeEntry(entry)} is at ${item.location.index}:${item.location.position}, before what was accepted before it`,
      )
    }
    kept.set(entry, item)
  }
  return kept
}

/** Those open removals of whose items none is there, though one was durable, or has one behind it, or its sequence is not given out again. */
function effectiveRemovals(account: Account, kept: ReadonlyMap<Entry, FoundItem>, nextSequence: number): Set<Removal> {
  const durable = account.placed().filter((entry) => entry.state !== 'accepted' || kept.has(entry))
  const found = [...kept.values()].map(({ sequence }) => sequence)
  const known = Math.max(-1, ...found, ...durable.map((entry) => entry.sequence ?? -1))
  if (nextSequence <= known) throw new BrokenPromise(`the next sequence is ${nextSequence}, though ${known} was durable`)
  const places = [...kept.values()].map(({ location }) => location)
  const effective = new Set<Removal>()
  for (const removal of account.removals) {
    if (removal.state !== 'open' || places.some((location) => removal.covers(location))) continue
    const covered = account.stored().filter(({ location }) => removal.covers(location))
    const wasThere = covered.some(
      (entry) => entry.state === 'durable' || places.some((location) => compareLocations(entry.location, location) < 0),
    )
    if (wasThere || (covered.length > 0 && nextSequence > known + 1)) effective.add(removal)
  }
  return effective
}

function assertNothingLost(account: Account, kept: ReadonlyMap<Entry, FoundItem>, isGone: (entry: Entry) => boolean): void {
  let last: Location | undefined
  for (const { location } of kept.values()) if (!last || compareLocations(last, location) < 0) last = location
  for (const entry of account.stored()) {
    if (kept.has(entry) || isGone(entry)) continue
    if (entry.state === 'durable') throw new BrokenPromise(`${describeEntry(entry)} was acknowledged and is not there`)
    if (last && compareLocations(entry.location, last) < 0)
      throw new BrokenPromise(`${describeEntry(entry)} is not there, though one behind it is`)
  }
}

function assertGroupsWhole(account: Account, kept: ReadonlyMap<Entry, FoundItem>, isGone: (entry: Entry) => boolean): void {
  const groups = new Set(account.entries.flatMap(({ group }) => (group ? [group] : [])))
  for (const group of groups) {
    const present = group.filter((entry) => kept.has(entry))
    const missing = group.filter((entry) => !kept.has(entry) && entry.state !== 'removed' && !isGone(entry))
    const [one, other] = [present[0], missing[0]]
    if (one && other) throw new BrokenPromise(`of one transaction ${describeEntry(one)} is there and ${describeEntry(other)} is not`)
  }
}

function assertInOrder(account: Account, found: readonly FoundItem[], effective: ReadonlySet<Removal>): void {
  const removals = account.removals.filter((removal) => removal.state === 'done' || effective.has(removal))
  for (const [n, { location, sequence }] of found.entries()) {
    const before = found[n - 1]
    if (!before) continue
    const words = `sequence ${sequence} at ${location.index}:${location.position} stands behind ${before.sequence} at ${before.location.index}:${before.location.position}`
    if (compareLocations(before.location, location) >= 0 || sequence <= before.sequence) throw new BrokenPromise(words)
    const isExplained = sequence === before.sequence + 1 || removals.some((removal) => reachesBetween(removal, before.location, location))
    if (!isExplained) throw new BrokenPromise(`${words}, and nothing between them was removed`)
  }
}

/** Whether a removal took something away between items of two files. */
function reachesBetween(removal: Removal, before: Location, location: Location): boolean {
  const isCovered = (index: number, position: number): boolean => removal.covers({ index, position, size: 1 })
  if (before.index === location.index) return false
  for (let index = before.index + 1; index <= location.index; index++) if (isCovered(index, 0)) return true
  for (let index = before.index; index < location.index; index++) if (isCovered(index, 0xffff_ffff)) return true
  return false
}
