import type { PlacedItem } from '../programs/ledger.js'
import { BrokenPromise } from './broken-promise.js'
import type { Expectation } from './expectation.js'
import { describe } from './sighting.js'

/** Throws where what a recovered store shows, with `next` as the next sequence, is not what it must. Gives the sequences that were removed, for certain by now. */
export function assertKept(expected: Expectation, shown: readonly PlacedItem[], next: number): ReadonlySet<number> {
  const { least, most, groups, items } = expected
  if (next < least) throw new BrokenPromise(`the next sequence is ${next}, though everything before ${least} was acknowledged as durable`)
  if (next > most) throw new BrokenPromise(`the next sequence is ${next}, though nothing behind ${most} had been added`)
  const torn = groups.find(({ from, to }) => from < next && next < to)
  if (torn) throw new BrokenPromise(`a transaction with the sequences ${torn.from} to ${torn.to - 1} is there up to ${next - 1} only`)
  let first: BrokenPromise | undefined
  for (const done of choices(expected.removing)) {
    const removed = new Set([...expected.removed, ...done.flatMap((sequences) => [...sequences])])
    const fault = compare(
      items.slice(0, next).filter(({ sequence }) => !removed.has(sequence)),
      shown,
      expected,
    )
    if (!fault) return removed
    first ??= fault
  }
  throw first
}

function compare(
  wanted: readonly PlacedItem[],
  shown: readonly PlacedItem[],
  { removed, removing }: Expectation,
): BrokenPromise | undefined {
  const during = removing.length > 0 ? ', with a removal under way that is neither done nor not begun' : ''
  for (const [n, item] of wanted.entries()) {
    if (shown[n] === item) continue
    const missing = !shown.includes(item)
    if (missing) return new BrokenPromise(`${describe(item)} is missing${during}`)
    const extra = shown[n] as PlacedItem
    return new BrokenPromise(
      `${describe(extra)} is there, ${removed.has(extra.sequence) ? 'though it was removed' : 'though it must not be'}${during}`,
    )
  }
  const extra = shown[wanted.length]
  return extra && new BrokenPromise(`${describe(extra)} is there, though it was removed${during}`)
}

/** None of them, each of them, and so on: every choice. */
function* choices<T>(all: readonly T[]): Generator<T[]> {
  for (let choice = 0; choice < 2 ** all.length; choice++) yield all.filter((_, n) => choice & (1 << n))
}
