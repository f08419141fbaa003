import type { Location } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { BrokenPromise } from '../src/checker/broken-promise.js'
import { assertFollowed } from '../src/processes/followed.js'
import type { Mark } from '../src/processes/marked-item.js'
import { ProcessLedger } from '../src/processes/process-ledger.js'
import type { Removal } from '../src/processes/removals.js'
import type { Report, ShownItem } from '../src/processes/report.js'

const SIZE = 20

/** The `number`-th item of a life: by default all lie one after the other in file 0, and nothing was ever removed before them. */
function item(life: number, number: number, { index = 0, group = 0, member = 0, members = 0, sequence = number } = {}): ShownItem {
  return { life, number, group, member, members, sequence, location: { index, position: 100 * (number + 1), size: SIZE } }
}

function markOf({ location: _, sequence: __, ...mark }: ShownItem): Mark {
  return mark
}

const opening = (life: number): Report => ({ is: 'opening', life })
const observed = (items: readonly ShownItem[], next = (items.at(-1)?.sequence ?? -1) + 1): Report => ({ is: 'observed', items, next })
const accepted = (...items: ShownItem[]): Report => ({
  is: 'accepted',
  durable: false,
  items: items.map((one) => ({ mark: markOf(one), location: one.location })),
})
const durable = (...items: ShownItem[]): Report => ({ ...accepted(...items), durable: true }) as Report
const removing = (removal: Removal): Report => ({ is: 'removing', removal })
const removed = (removal: Removal): Report => ({ is: 'removed', removal })

/** What becomes of a story: `kept`, or how the promise is broken. */
function tell(...reports: Report[]): string {
  const ledger = new ProcessLedger()
  try {
    for (const report of [opening(1), observed([]), ...reports]) ledger.take(report)
    return 'kept'
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error
    return error.message
  }
}

const [a, b, c, d] = [item(1, 0), item(1, 1), item(1, 2), item(1, 3)]

describe('what a process was told', () => {
  test('is kept where everything durable is there, and the rest is there or not from some item on', () => {
    const story = [durable(a), accepted(b), accepted(c), opening(2)]
    for (const left of [[a], [a, b], [a, b, c], [a, b, c, d]]) expect(tell(...story, observed(left))).toBe('kept')
  })

  test('is broken where a durable item is missing, whether that was told with it, later, or by the stop of the store', () => {
    expect(tell(durable(a), opening(2), observed([]))).toContain('is missing')
    expect(tell(accepted(a), { is: 'durable', numbers: [0] }, opening(2), observed([]))).toContain('is missing')
    expect(tell(accepted(a), { is: 'stopped' }, opening(2), observed([]))).toContain('is missing')
    expect(tell({ is: 'stopped' }, accepted(a), opening(2), observed([]))).toContain('is missing')
  })

  test('is broken where the next sequence is one that was said to be durable', () => {
    expect(tell({ is: 'frontier', sequence: 2 }, opening(2), observed([a]))).toContain('the next sequence is 1')
  })

  test('is broken where an item is lost, and one behind it is there', () => {
    expect(tell(accepted(a), accepted(b), opening(2), observed([{ ...b, sequence: 0 }]))).toContain('before it was lost')
    expect(tell(opening(2), observed([b]))).toContain('sequences 0 to 0 are missing')
    expect(tell(opening(2), observed([a], 2))).toContain('sequences 1 to 1 are missing at the end')
  })

  test('is broken where an item is somewhere else, or gets another sequence', () => {
    const location: Location = { ...a.location, position: 50 }
    expect(tell(accepted(a), opening(2), observed([{ ...a, location }]))).toContain('before')
    expect(tell(durable(a), opening(2), observed([a]), opening(3), observed([{ ...a, sequence: 1 }], 2))).toContain('before')
  })

  test('is broken where an item comes back that was lost at an earlier look', () => {
    expect(tell(accepted(a, b), opening(2), observed([a]), opening(3), observed([a, b]))).toContain(
      'though it was not when the store was opened in life 2',
    )
  })

  test('is broken where an item that was there at an earlier look is missing', () => {
    expect(tell(accepted(a, b), opening(2), observed([a, b]), opening(3), observed([a], 2))).toContain('is missing')
  })

  test('is broken where items are shown twice, or not in the order in which they were added', () => {
    expect(tell(opening(2), observed([a, { ...a, sequence: 1 }]))).toContain('twice')
    expect(tell(opening(2), observed([b, a], 2))).toContain('behind')
    const [first, second] = [item(1, 1, { sequence: 0 }), item(1, 0, { sequence: 1 })]
    const swapped = [
      { ...first, location: a.location },
      { ...second, location: b.location },
    ]
    expect(tell(opening(2), observed(swapped))).toContain('was added before')
  })
})

describe('a transaction', () => {
  const members = [0, 1, 2].map((member) => item(1, member, { group: 1, member, members: 3 }))

  test('is whole or absent', () => {
    expect(tell(opening(2), observed(members))).toBe('kept')
    expect(tell(opening(2), observed([]))).toBe('kept')
    expect(tell(opening(2), observed(members.slice(0, 2)))).toContain('of transaction 1/1')
  })

  test('may be there in part where the rest was removed, be it that nobody was told where that was', () => {
    const [, second, third] = members as [ShownItem, ShownItem, ShownItem]
    const trim: Removal = { kind: 'ltrim', index: 0, position: second.location.position }
    expect(tell(durable(...members), removing(trim), removed(trim), opening(2), observed([second, third]))).toBe('kept')
    expect(tell(removing(trim), opening(2), observed([second, third]))).toBe('kept')
    expect(tell(durable(...members), removing(trim), removed(trim), opening(2), observed([second], 3))).toContain('is missing')
  })
})

describe('a removal', () => {
  const drop: Removal = { kind: 'drop', index: 0, position: 0 }
  const behind = item(1, 4, { index: 1 })
  const all = [a, b, c, d]

  test('that is done stays done', () => {
    const story = [durable(...all, behind), removing(drop), removed(drop), opening(2)]
    expect(tell(...story, observed([behind]))).toBe('kept')
    expect(tell(...story, observed([...all, behind]))).toContain('though it was removed')
    expect(tell(...story, observed([behind]), opening(3), observed([d, behind]))).toContain('though it was removed')
  })

  test('that is interrupted is done or not begun', () => {
    const story = [durable(...all, behind), removing(drop), opening(2)]
    expect(tell(...story, observed([behind]))).toBe('kept')
    expect(tell(...story, observed([...all, behind]))).toBe('kept')
    expect(tell(...story, observed([c, d, behind]))).toContain('neither done nor not begun')
    expect(tell(...story, observed([behind]), opening(3), observed([...all, behind]))).toContain('though it was')
  })

  test.each<{ removal: Removal; left: readonly ShownItem[] }>([
    { removal: { kind: 'ltrim', index: 0, position: c.location.position }, left: [c, d] },
    { removal: { kind: 'rtrim', index: 0, position: c.location.position }, left: [a, b] },
  ])('takes what it covers and nothing else ($removal.kind)', ({ removal, left }) => {
    const story = [durable(...all), removing(removal), removed(removal), opening(2)]
    expect(tell(...story, observed(left, 4))).toBe('kept')
    expect(tell(...story, observed(left.slice(1), 4))).toContain('is missing')
    expect(tell(...story, observed(all))).toContain('though it was removed')
  })
})

describe('what a reader was shown', () => {
  const trim: Removal = { kind: 'ltrim', index: 0, position: c.location.position }
  function follow(seen: Partial<Parameters<typeof assertFollowed>[0]>, ...reports: Report[]): string {
    const ledger = new ProcessLedger()
    for (const report of [opening(1), observed([]), ...reports]) ledger.take(report)
    try {
      assertFollowed({ items: ledger.shown, missed: [], cutShort: [], ...seen }, ledger)
      return 'kept'
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error
      return error.message
    }
  }
  const there = [durable(a, b), opening(2), observed([a, b])]
  const trimmed = [durable(a, b, c), removing(trim), removed(trim), opening(2), observed([c], 3)]

  test('has to be all that is there, in order', () => {
    expect(follow({}, ...there)).toBe('kept')
    expect(follow({ items: [a] }, ...there)).toContain('was not shown')
    expect(follow({ items: [b, a] }, ...there)).toContain('behind')
  })

  test('may be more than that only where the rest was removed', () => {
    expect(follow({ items: [a, b, c] }, ...there)).toContain('which is gone')
    expect(follow({ items: [a, b, c] }, ...trimmed)).toBe('kept')
  })

  test('is found again unless it was removed', () => {
    expect(follow({ missed: [a] }, ...there)).toContain('found nothing')
    expect(follow({ missed: [a] }, ...trimmed)).toBe('kept')
    expect(follow({ missed: [c] }, ...trimmed)).toContain('found nothing')
  })

  test('never ends within a transaction', () => {
    const part = [item(1, 0, { group: 1, members: 2 })]
    expect(follow({ cutShort: [part] }, ...there)).toContain('in the middle of a transaction')
    expect(follow({ cutShort: [part] }, ...trimmed)).toBe('kept')
  })
})
