import { compareLocations, formatLocation, type Location } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { groupOf, idOf, type Mark } from './marked-item.js'
import { covers, type Removal, type Removals } from './removals.js'
import type { ShownItem } from './report.js'

/** An item that may be in the store, as far as its processes told. */
export interface LedgerEntry {
  readonly mark: Mark
  readonly location: Location
  /** Known once a look at the store has shown it. */
  readonly sequence?: number
  /** The store has said that it is on stable storage, or has shown it after it was opened: it must be there until it is removed. */
  certain: boolean
}

/** Every item once, each behind the one before, none at or behind `next`. */
export function assertInOrder(shown: readonly ShownItem[], next: number): void {
  const ids = new Set<string>()
  let before: ShownItem | undefined
  for (const item of shown) {
    if (ids.has(idOf(item))) throw new BrokenPromise(`${describe(item)} is there twice`)
    ids.add(idOf(item))
    if (item.sequence >= next) throw new BrokenPromise(`${describe(item)} is there, though the next sequence is ${next}`)
    if (before && (before.sequence >= item.sequence || compareLocations(before.location, item.location) >= 0)) {
      throw new BrokenPromise(`${describe(item)} is shown behind ${describe(before)}`)
    }
    // Adds are taken in the order in which they come; a transaction gets its place when it is committed.
    if (before && before.life > item.life)
      throw new BrokenPromise(`${describe(item)} of an earlier life is shown behind ${describe(before)}`)
    before = item
  }
  assertAddsInOrder(shown)
}

function assertAddsInOrder(shown: readonly ShownItem[]): void {
  let before: ShownItem | undefined
  for (const item of shown) {
    if (item.group !== 0) continue
    if (before?.life === item.life && before.number > item.number) {
      throw new BrokenPromise(`${describe(item)} was added before ${describe(before)}, and is shown behind it`)
    }
    before = item
  }
}

/** A sequence that is missing was removed. */
export function assertNoGaps(shown: readonly ShownItem[], next: number, removals: Removals): void {
  let sequence = 0
  let index = 0
  for (const item of shown) {
    if (item.sequence > sequence && !removals.mayTouch(index, item.location.index)) {
      throw new BrokenPromise(
        `the sequences ${sequence} to ${item.sequence - 1} are missing before ${describe(item)}, and nothing was removed there`,
      )
    }
    sequence = item.sequence + 1
    index = item.location.index
  }
  if (next > sequence && !removals.mayTouch(index, Number.POSITIVE_INFINITY)) {
    throw new BrokenPromise(`the sequences ${sequence} to ${next - 1} are missing at the end, and nothing was removed there`)
  }
}

/** What was lost was the end: nothing of the same lives stands behind it. */
export function assertNoHoles(shown: readonly ShownItem[], lost: readonly LedgerEntry[], since: number): void {
  const first = lost.reduce<LedgerEntry | undefined>(
    (least, entry) => (least && compareLocations(least.location, entry.location) <= 0 ? least : entry),
    undefined,
  )
  const behind = first && shown.find(({ life, location }) => life >= since && compareLocations(location, first.location) > 0)
  if (behind) throw new BrokenPromise(`${describe(behind)} is there, though ${describe({ ...first.mark, ...first })} before it was lost`)
}

/** Which of the removals under way were done: each is wholly done or not begun. */
export function settleRemovals(
  pending: readonly Removal[],
  entries: readonly LedgerEntry[],
  isShown: (entry: LedgerEntry) => boolean,
): readonly Removal[] {
  let first: LedgerEntry | undefined
  for (const done of choices(pending)) {
    const odd = entries.find((entry) => entry.certain && isShown(entry) === done.some((removal) => covers(removal, entry.location)))
    if (!odd) return done
    first ??= odd
  }
  const { mark, location } = first as LedgerEntry
  const during = pending.length > 0 ? `, with removals under way that are neither done nor not begun: ${JSON.stringify(pending)}` : ''
  throw new BrokenPromise(`${describe({ ...mark, location })} is missing${during}`)
}

export interface WhatWasRemoved {
  readonly removals: Removals
  /** Where a member of a transaction was, if anybody was told. */
  readonly placeOf: (item: Pick<Mark, 'life' | 'group' | 'member'>) => Location | undefined
  /** Members that were found removed before. */
  readonly excused?: ReadonlyMap<string, ReadonlySet<number>>
}

/** Transactions of which a part is missing that nothing has removed. Gives those of which something was removed, each with its missing members. */
export function assertWhole(shown: readonly ShownItem[], { removals, placeOf, excused }: WhatWasRemoved): Map<string, Set<number>> {
  const groups = new Map<string, ShownItem[]>()
  for (const item of shown) {
    const group = groupOf(item)
    if (group) groups.set(group, [...(groups.get(group) ?? []), item])
  }
  const partial = new Map<string, Set<number>>()
  for (const [name, members] of groups) {
    const first = members[0] as ShownItem
    if (members.length === first.members) continue
    const missing = new Set<number>()
    for (let member = 0; member < first.members; member++) {
      if (members.some((item) => item.member === member)) continue
      missing.add(member)
      if (excused?.get(name)?.has(member)) continue
      const place = placeOf({ ...first, member })
      const before = members.filter((item) => item.member < member).at(-1)?.location.index ?? 0
      const behind = members.find((item) => item.member > member)?.location.index ?? Number.POSITIVE_INFINITY
      // Where it was is not known of a transaction whose end nobody was told.
      if (place ? removals.mayCover(place) : removals.mayTouch(before, behind)) continue
      const where = place ? ` at ${formatLocation(place)}` : ''
      throw new BrokenPromise(`of transaction ${name} ${describe(first)} is there, and member ${member} of ${first.members}${where} is not`)
    }
    partial.set(name, missing)
  }
  return partial
}

export function describe(item: Mark & { readonly location: Location; readonly sequence?: number }): string {
  const { location, sequence, group, member, members } = item
  const part = group === 0 ? '' : `, ${member} of the ${members} of transaction ${group},`
  return `item ${idOf(item)}${part} at ${formatLocation(location)}${sequence === undefined ? '' : `, sequence ${sequence},`}`
}

/** None of them, each of them, and so on: every choice. */
function* choices<T>(all: readonly T[]): Generator<T[]> {
  if (all.length > 12) throw new Error(`${all.length} removals without an end are too many to tell apart`)
  for (let choice = 0; choice < 2 ** all.length; choice++) yield all.filter((_, n) => choice & (1 << n))
}
