import { hold } from '@varve/backend/faults'
import { KiB, MiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterCrash, contentsOf, inject, openStore, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

const WRITTEN = ['append data00000.dat', 'sync data00000.dat']

describe('what is added is laid down', () => {
  test('when flushInterval has passed since the first item of the block', async () => {
    const { db, disk, clock } = await openStore({ flushInterval: 1000 })
    const writes = watchWrites(disk)
    await db.add(item(1))
    clock.advance(600)
    await db.add(item(2))
    clock.advance(399)
    await settle()
    expect(writes()).toEqual([])
    clock.advance(1)
    await settle()
    expect(writes()).toEqual(WRITTEN)
    expect((await db.stats()).durableSequence).toBe(2)
  })

  test('by the interval of its own block, also where a block before it was flushed', async () => {
    const { db, disk, clock } = await openStore({ flushInterval: 1000 })
    await db.add(item(1))
    clock.advance(600)
    await db.flush()
    await db.add(item(2))
    const writes = watchWrites(disk)
    clock.advance(999)
    await settle()
    expect(writes()).toEqual([])
    clock.advance(1)
    await settle()
    expect(writes()).toEqual(WRITTEN)
  })

  test('when maxBufferItems are gathered, and not before', async () => {
    const { db, disk } = await openStore({ maxBufferItems: 10 })
    const writes = watchWrites(disk)
    for (let n = 1; n <= 9; n++) await db.add(item(n))
    await settle()
    expect(writes()).toEqual([])
    await db.add(item(10))
    await settle()
    expect(writes()).toEqual(WRITTEN)
    expect((await db.stats()).durableSequence).toBe(10)
  })

  test('when maxBufferSize is gathered, and not before', async () => {
    const { db, disk } = await openStore({ maxBufferSize: 4 * KiB, maxFileSize: MiB })
    const writes = watchWrites(disk)
    for (let n = 1; n <= 3; n++) await db.add(item(1000))
    await settle()
    expect(writes()).toEqual([])
    await db.add(item(1200))
    await settle()
    expect(writes()).toEqual(WRITTEN)
    expect((await db.stats()).durableSequence).toBe(3)
    expect((await db.stats()).buffered.items).toBe(1)
  })

  test('by flush, which resolves when it is synced', async () => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind: 'sync' })
    const location = await store.db.add(item(1))
    const flushed = store.db.flush()
    await gate.reached
    expect(await stateOf(flushed)).toBe('pending')
    gate.release()
    await flushed
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(1) }])
  })

  test('by stop', async () => {
    const { db, disk } = await openStore()
    await db.add(item(1))
    const writes = watchWrites(disk)
    await db.stop()
    // The closing block says that all before it was durable when it was written.
    expect(writes()).toEqual([...WRITTEN, ...WRITTEN])
  })
})

describe('maxBufferItems', () => {
  test('starts a flush and blocks nobody: more is taken while it is written', async () => {
    const { db, disk } = await openStore({ maxBufferItems: 2 })
    const gate = inject(disk, hold(), { kind: 'append' })
    for (let n = 1; n <= 2; n++) await db.add(item(n))
    await gate.reached
    for (let n = 3; n <= 20; n++) await db.add(item(n))
    expect((await db.stats()).buffered.items).toBe(20)
    const writes = watchWrites(disk)
    gate.release()
    await settle()
    expect(writes()).toEqual(['sync data00000.dat', ...WRITTEN])
    expect((await db.stats()).durableSequence).toBe(20)
  })

  test('of one lays each item down as it comes', async () => {
    const { db } = await openStore({ maxBufferItems: 1 })
    await db.add(item(1))
    await settle()
    await db.add(item(2))
    await settle()
    expect((await db.stats()).flushes).toBe(2)
    expect((await db.stats()).durableSequence).toBe(2)
  })
})

describe('flush', () => {
  test('asks nothing of the backend where all is durable', async () => {
    const { db, disk } = await openStore()
    await db.add(item(1), { durable: true })
    const calls = disk.count()
    await db.flush()
    expect(disk.count()).toBe(calls)
  })

  test('of many callers at once is one', async () => {
    const { db, disk } = await openStore()
    await db.add(item(1))
    const writes = watchWrites(disk)
    await Promise.all([db.flush(), db.flush(), db.flush()])
    expect(writes()).toEqual(WRITTEN)
  })

  test('is about what was accepted when it was called, and does not wait for more', async () => {
    const { db, disk } = await openStore()
    const gate = inject(disk, hold(), { kind: 'append' })
    await db.add(item(1))
    const flushed = db.flush()
    await gate.reached
    await db.add(item(2))
    gate.release()
    await flushed
    expect((await db.stats()).durableSequence).toBe(1)
  })

  test('while another is under way covers what came in between', async () => {
    const { db, disk } = await openStore()
    const gate = inject(disk, hold(), { kind: 'append' })
    await db.add(item(1))
    const first = db.flush()
    await gate.reached
    await db.add(item(2))
    const second = db.flush()
    gate.release()
    await first
    await second
    expect((await db.stats()).durableSequence).toBe(2)
  })
})

describe('adds go on', () => {
  test.each(['append', 'sync'] as const)('while the %s of a flush is under way', async (kind) => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind })
    const locations = [await store.db.add(item(1))]
    const flushed = store.db.flush()
    await gate.reached
    for (let n = 2; n <= 50; n++) locations.push(await store.db.add(item(n)))
    expect(await store.db.readMany(locations)).toEqual(locations.map((_, n) => item(n + 1)))
    gate.release()
    await flushed
    await store.db.flush()
    expect(await contentsAfterCrash(store)).toEqual(locations.map((location, n) => ({ location, data: item(n + 1) })))
  })

  test.each(['append', 'sync'] as const)('while the %s of a commit is under way', async (kind) => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind })
    const transaction = store.db.transaction()
    transaction.add(item(1))
    const committed = transaction.commit()
    await gate.reached
    const locations = []
    for (let n = 2; n <= 50; n++) locations.push(await store.db.add(item(n)))
    expect(await store.db.readMany(locations)).toEqual(locations.map((_, n) => item(n + 2)))
    gate.release()
    locations.unshift(...(await committed))
    await store.db.flush()
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual(locations)
  })
})

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
    expect(clock.timers).toEqual([])
    await db.add(item(1))
    clock.advance(1000)
    await settle()
    expect(clock.timers).toEqual([])
    await db.addMany(items(3, 10))
    await settle()
    expect(clock.timers).toEqual([])
  })

  test('after durable adds, transactions, and a stop', async () => {
    const { db, clock } = await openStore()
    await db.add(item(1), { durable: true })
    const transaction = db.transaction()
    transaction.add(item(1))
    await transaction.commit()
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

describe('with durability "os"', () => {
  test('nothing is synced until it is asked for', async () => {
    const { db, disk, clock } = await openStore({ durability: 'os', flushInterval: 1000, maxBufferItems: 5 })
    const writes = watchWrites(disk)
    await db.addMany(items(5, 10))
    await settle()
    await db.add(item(1))
    clock.advance(1000)
    await settle()
    expect(writes()).toEqual(['append data00000.dat', 'append data00000.dat'])
    const stats = await db.stats()
    expect(stats.buffered.items).toBe(0)
    expect(stats.durableSequence).toBe(0)
    expect(stats.syncs).toBe(0)
  })

  test('flush, a durable add, a transaction and stop sync all that came before', async () => {
    const store = await openStore({ durability: 'os', maxBufferItems: 1 })
    const { db } = store
    const layDown = async () => {
      const { nextSequence } = await db.stats()
      await db.add(item(1))
      await settle()
      expect((await db.stats()).durableSequence).toBe(nextSequence)
    }
    await layDown()
    await db.flush()
    expect((await db.stats()).durableSequence).toBe(1)
    await layDown()
    await db.add(item(2), { durable: true })
    expect((await db.stats()).durableSequence).toBe(3)
    await layDown()
    const transaction = db.transaction()
    transaction.add(item(3))
    await transaction.commit()
    expect((await db.stats()).durableSequence).toBe(5)
    await layDown()
    await db.stop()
    const { disk } = await openStore({}, store.memory)
    // Opening a store that was stopped syncs nothing: it was done.
    expect(disk.count('sync')).toBe(0)
  })

  test('the sync event says from when on what was written is durable, after the events that left it open', async () => {
    const { db } = await openStore({ durability: 'os', maxBufferItems: 2 })
    const events = recordEvents(db)
    await db.addMany(items(2, 10))
    await settle()
    await db.addMany(items(2, 10))
    await settle()
    await db.flush()
    expect(events).toMatchObject([
      { name: 'write', sequence: 0, count: 2, durable: false },
      { name: 'write', sequence: 2, count: 2, durable: false },
      { name: 'sync', sequence: 4 },
    ])
    await db.add(item(1), { durable: true })
    // Said by the write event itself.
    expect(events.slice(3)).toMatchObject([{ name: 'write', sequence: 4, count: 1, durable: true }])
  })

  test('a flush that is asked for at any moment of another one comes to its end', async () => {
    for (let later = 0; later < 30; later++) {
      const { db } = await openStore({ durability: 'os', maxBufferItems: 1 })
      let flushed: Promise<void> | undefined
      const flushLater = (ticks: number): void => {
        if (ticks > 0) queueMicrotask(() => flushLater(ticks - 1))
        else flushed = db.flush()
      }
      db.on('write', () => flushLater(later))
      await db.add(item(1))
      await settle()
      expect(await stateOf(flushed as Promise<void>)).toBe('resolved')
      expect((await db.stats()).durableSequence).toBe(1)
    }
  })

  test('what is written and not synced can be read, and is shown by a scan only where it is asked for', async () => {
    const { db } = await openStore({ durability: 'os', maxBufferItems: 1 })
    const location = await db.add(item(1))
    await settle()
    expect((await db.stats()).buffered.items).toBe(0)
    expect(await db.read(location)).toEqual(item(1))
    expect(await contentsOf(db)).toEqual([])
    expect(await contentsOf(db, { buffered: true })).toEqual([{ location, data: item(1) }])
    await db.flush()
    expect(await contentsOf(db)).toEqual([{ location, data: item(1) }])
  })
})

describe('the time of day', () => {
  test('may jump: intervals do not notice', async () => {
    const { db, disk, clock } = await openStore({ flushInterval: 1000 })
    const writes = watchWrites(disk)
    await db.add(item(1))
    clock.jumpTo(clock.now() + 1e9)
    clock.advance(999)
    await settle()
    expect(writes()).toEqual([])
    clock.jumpTo(clock.now() - 1e10)
    clock.advance(1)
    await settle()
    expect(writes()).toEqual(WRITTEN)
  })

  test('never goes back in what is stored, not after a restart or in the next file either', async () => {
    const { db, clock } = await openStore({ maxFileSize: 512 })
    const times: number[] = []
    const start = clock.now()
    await db.add(item(100), { durable: true })
    clock.jumpTo(start - 1e6)
    await db.add(item(100), { durable: true })
    await db.add(item(100), { durable: true })
    await db.stop()
    clock.jumpTo(start - 2e6)
    await db.start()
    await db.add(item(100), { durable: true })
    clock.jumpTo(start + 5)
    await db.add(item(100), { durable: true })
    for await (const { timestamp } of db.scan()) times.push(timestamp)
    expect(times).toEqual([start, start, start, start, start + 5])
  })
})
