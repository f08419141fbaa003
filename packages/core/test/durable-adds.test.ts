import { hold } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterCrash, inject, openStore, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

describe('a durable add', () => {
  test('resolves once its bytes are written and then synced', async () => {
    const store = await openStore()
    const writes = watchWrites(store.disk)
    const append = inject(store.disk, hold(), { kind: 'append' })
    const sync = inject(store.disk, hold(), { kind: 'sync' })
    const added = store.db.add(item(10), { durable: true })
    await append.reached
    expect(await stateOf(added)).toBe('pending')
    append.release()
    await sync.reached
    expect(await stateOf(added)).toBe('pending')
    expect((await store.db.stats()).durableSequence).toBe(0)
    sync.release()
    const location = await added
    expect((await store.db.stats()).durableSequence).toBe(1)
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(10) }])
  })

  test('makes durable what was added before it too', async () => {
    const store = await openStore()
    const earlier = await store.db.add(item(1))
    const location = await store.db.add(item(2), { durable: true })
    expect((await store.db.stats()).syncs).toBe(1)
    expect((await contentsAfterCrash(store)).map((found) => found.location)).toEqual([earlier, location])
  })

  test('waits on no timer', async () => {
    const { db, clock } = await openStore({ settleAfter: 0 })
    for (let n = 0; n < 10; n++) await db.add(item(10, n), { durable: true })
    expect((await db.stats()).durableSequence).toBe(10)
    expect(clock.timers).toEqual([])
  })

  test('is synced also where flushes are left to the operating system', async () => {
    const store = await openStore({ durability: 'os' })
    const location = await store.db.add(item(10), { durable: true })
    expect((await store.db.stats()).syncs).toBe(1)
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(10) }])
  })

  test('that was there before a durable one is not held up by what comes after it', async () => {
    const { db, disk } = await openStore()
    const first = db.add(item(1), { durable: true })
    await first
    const gate = inject(disk, hold(), { kind: 'sync' })
    const second = db.add(item(2), { durable: true })
    await gate.reached
    expect(await stateOf(db.whenDurable(await first))).toBe('resolved')
    expect(await stateOf(second)).toBe('pending')
    gate.release()
    await second
  })
})

describe('durable adds share syncs', () => {
  test('64 at once take one append and one sync', async () => {
    const store = await openStore()
    const writes = watchWrites(store.disk)
    const locations = await Promise.all(items(64, 100).map((data) => store.db.add(data, { durable: true })))
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('64 writers, each waiting for its item before the next, take about one sync a round', async () => {
    const { db, disk, clock } = await openStore({ settleAfter: 0 })
    const syncs = disk.count('sync')
    const rounds = 10
    const writer = async (n: number) => {
      for (let round = 0; round < rounds; round++) await db.add(item(100, n * rounds + round), { durable: true })
    }
    await Promise.all(Array.from({ length: 64 }, (_, n) => writer(n)))
    expect((await db.stats()).durableSequence).toBe(64 * rounds)
    expect(disk.count('sync') - syncs).toBeGreaterThanOrEqual(rounds)
    expect(disk.count('sync') - syncs).toBeLessThanOrEqual(rounds + 1)
    expect(clock.timers).toEqual([])
  })

  test('those that come while a sync is under way share the next one', async () => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind: 'sync' })
    const first = store.db.add(item(1), { durable: true })
    await gate.reached
    const writes = watchWrites(store.disk)
    const others = items(20, 100).map((data) => store.db.add(data, { durable: true }))
    expect(await stateOf(Promise.race(others))).toBe('pending')
    gate.release()
    await Promise.all([first, ...others])
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
  })

  test('and with transactions that come meanwhile, each of which is a block of its own', async () => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind: 'sync' })
    const first = store.db.add(item(1), { durable: true })
    await gate.reached
    const writes = watchWrites(store.disk)
    const others = items(20, 100).map((data, n) => {
      if (n % 3 !== 0) return store.db.add(data, { durable: true })
      const transaction = store.db.transaction()
      transaction.add(data)
      return transaction.commit()
    })
    gate.release()
    const locations = (await Promise.all([first, ...others])).flat()
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('and with transactions, lists and flushes', async () => {
    const { db, disk } = await openStore()
    const transaction = db.transaction()
    transaction.add(item(5))
    const writes = watchWrites(disk)
    await Promise.all([
      db.add(item(1), { durable: true }),
      db.addMany([item(2), item(3)], { durable: true }),
      transaction.commit(),
      db.add(item(4), { durable: true }),
      db.flush(),
    ])
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
  })
})
