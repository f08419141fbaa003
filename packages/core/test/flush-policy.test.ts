import { hold } from '@varve/backend/faults'
import { KiB, MiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item } from './support/items.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterCrash, inject, openStore, watchWrites } from './support/test-store.js'

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
