import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item, items } from './support/items.js'
import type { ManualClock } from './support/manual-clock.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

/** Lets the store settle: the one timer that a flush leaves behind holds no process. */
async function rest(clock: ManualClock): Promise<void> {
  await settle()
  expect(clock.timers).toEqual([expect.objectContaining({ delay: 250, holdsProcess: false })])
  clock.advance(250)
  await settle()
}

describe('an idle store has no timer and wakes nothing', () => {
  test('after its start', async () => {
    const { clock } = await openStore()
    expect(clock.timers).toEqual([])
  })

  test('after a flush by request, by interval and by number of items', async () => {
    const { db, clock } = await openStore({ flushInterval: 1000, maxBufferItems: 3 })
    await db.add(item(1))
    expect(clock.timers).toEqual([expect.objectContaining({ delay: 1000, holdsProcess: false })])
    await db.flush()
    await rest(clock)
    expect(clock.timers).toEqual([])
    await db.add(item(1))
    clock.advance(1000)
    await settle()
    await rest(clock)
    expect(clock.timers).toEqual([])
    await db.addMany(items(3, 10))
    await settle()
    await rest(clock)
    expect(clock.timers).toEqual([])
  })

  test('after durable adds, transactions, and a stop', async () => {
    const { db, clock } = await openStore()
    await db.add(item(1), { durable: true })
    const transaction = db.transaction()
    transaction.add(item(1))
    await transaction.commit()
    await rest(clock)
    expect(clock.timers).toEqual([])
    await db.add(item(1))
    await db.stop()
    expect(clock.timers).toEqual([])
  })

  test('where flushes are left to the operating system', async () => {
    const { db, clock } = await openStore({ durability: 'os', flushInterval: 1000 })
    await db.add(item(1))
    clock.advance(1000)
    await settle()
    expect((await db.stats()).buffered.items).toBe(0)
    expect(clock.timers).toEqual([])
  })
})
