import { formatLocation } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { assertInOrder, assertWhole, describe } from './kept.js'
import { idOf } from './marked-item.js'
import type { ProcessLedger } from './process-ledger.js'
import type { ShownItem } from './report.js'

/** What a reader in another process saw, up to the last item that there was. */
export interface Followed {
  /** What it was shown by following, in that order. */
  readonly items: readonly ShownItem[]
  /** Items shown before of which nothing was read later. */
  readonly missed: readonly ShownItem[]
  /** What was shown of transactions with which a scan that was not to follow ended, before their end. */
  readonly cutShort: readonly (readonly ShownItem[])[]
}

/** Holds what a reader saw against what was there: everything that is left it must have seen, in order; whatever it saw or did not find beyond that must have been removed. */
export function assertFollowed({ items, missed, cutShort }: Followed, { shown, removals, placeOf }: ProcessLedger): void {
  assertInOrder(items, Number.POSITIVE_INFINITY)
  const there = new Set(shown.map(idOf))
  const gone = items.find((item) => !there.has(idOf(item)) && !removals.mayCover(item.location))
  if (gone) throw new BrokenPromise(`a reader was shown ${describe(gone)}, which is gone, though nothing has removed it`)
  const seen = new Set(items.map(idOf))
  const skipped = shown.find((item) => !seen.has(idOf(item)))
  if (skipped) throw new BrokenPromise(`a reader was not shown ${describe(skipped)}, though it went past it`)
  assertWhole(items, { removals, placeOf })
  const absent = missed.find(({ location }) => !removals.mayCover(location))
  if (absent) throw new BrokenPromise(`a reader found nothing at ${formatLocation(absent.location)}, where ${describe(absent)} is`)
  for (const part of cutShort) {
    const last = part.at(-1) as ShownItem
    const place = placeOf({ ...last, member: last.member + 1 })
    if (place ? removals.mayCover(place) : removals.mayTouch(last.location.index, Number.POSITIVE_INFINITY)) continue
    throw new BrokenPromise(`a scan ended in the middle of a transaction, with ${describe(last)}`)
  }
}
