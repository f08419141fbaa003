import { fail, hold } from '@varve/backend/faults'
import { KiB, type Location, MiB, Transaction } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { stateOf } from './support/event-loop.js'
import { digest, item, items } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, contentsOf, inject, openStore, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

describe('a transaction', () => {
  test('gives the location of each item, in order, one after the other', async () => {
    const store = await openStore()
    await store.db.add(item(1))
    const transaction = store.db.transaction()
    expect(transaction).toBeInstanceOf(Transaction)
    expect([10, 20, 30].map((size) => transaction.add(item(size)))).toEqual([0, 1, 2])
    const locations = await transaction.commit()
    expect(locations).toEqual([
      { index: 0, position: 97, size: 10 },
      { index: 0, position: 115, size: 20 },
      { index: 0, position: 143, size: 30 },
    ])
    expect(await store.db.readMany(locations)).toEqual([item(10), item(20), item(30)])
    await store.db.stop()
    expect((await contentsAfterStop(store)).slice(1).map(({ location }) => location)).toEqual(locations)
  })

  test('says how many items and bytes it holds', async () => {
    const { db } = await openStore()
    const transaction = db.transaction()
    expect([transaction.length, transaction.size]).toEqual([0, 0])
    transaction.add(item(10))
    transaction.add(item(20))
    expect([transaction.length, transaction.size]).toEqual([2, 46])
    await transaction.commit()
    expect([transaction.length, transaction.size]).toEqual([0, 0])
  })

  test('copies what is added', async () => {
    const { db } = await openStore()
    const transaction = db.transaction()
    const data = item(10)
    transaction.add(data)
    data.fill(0)
    const [location] = await transaction.commit()
    expect(await db.read(location as Location)).toEqual(item(10))
  })

  test('is durable when commit resolves, also where flushes are left to the operating system', async () => {
    for (const durability of ['sync', 'os'] as const) {
      const store = await openStore({ durability })
      const transaction = store.db.transaction()
      transaction.add(item(10))
      const [location] = await transaction.commit()
      expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(10) }])
    }
  })

  test('takes one append and one sync', async () => {
    const { db, disk } = await openStore()
    const transaction = db.transaction()
    for (const data of items(100, 1000)) transaction.add(data)
    const writes = watchWrites(disk)
    await transaction.commit()
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
  })

  test('may be larger than the buffer', async () => {
    const store = await openStore({ maxBufferSize: 4 * KiB, maxFileSize: 4 * MiB })
    const all = Array.from({ length: 10 }, (_, n) => item(150 * KiB, n + 1))
    const transaction = store.db.transaction()
    for (const data of all) transaction.add(data)
    const locations = await transaction.commit()
    const found = await contentsAfterCrash(store)
    expect(found.map(({ location }) => location)).toEqual(locations)
    expect(found.map(({ data }) => digest(data))).toEqual(all.map(digest))
  })
})

describe('nothing of a transaction is to be seen before all of it is durable', () => {
  test('while it is staged: the store knows nothing of it', async () => {
    const { db, clock } = await openStore()
    const transaction = db.transaction()
    transaction.add(item(10))
    expect((await db.stats()).nextSequence).toBe(0)
    expect(clock.timers).toEqual([])
    await db.flush()
    expect(await contentsOf(db, { buffered: true })).toEqual([])
  })

  test.each(['append', 'sync'] as const)('while its %s is under way: not by read, nor by a scan of what is buffered', async (kind) => {
    const { db, disk } = await openStore()
    const before = await db.add(item(5), { durable: true })
    const gate = inject(disk, hold({ when: kind === 'append' ? 'after' : 'before' }), { kind })
    const transaction = db.transaction()
    transaction.add(item(10))
    transaction.add(item(20))
    const events = recordEvents(db)
    const committed = transaction.commit()
    await gate.reached
    const behind = await db.add(item(6))
    const first = { index: 0, position: before.position + 8 + 5 + 44, size: 10 }
    expect(await db.read(first)).toBeUndefined()
    expect(db.readSync(first)).toBeUndefined()
    expect(await db.readMany([before, first])).toEqual([item(5), undefined])
    expect(await db.readStream(first)).toBeUndefined()
    const shown = await contentsOf(db, { buffered: true })
    expect(shown.map(({ data }) => data)).toEqual([item(5), item(6)])
    expect(events).toEqual([])
    gate.release()
    const locations = await committed
    expect(locations[0]).toEqual(first)
    expect(await db.read(first)).toEqual(item(10))
    expect((await contentsOf(db, { buffered: true })).map(({ location }) => location)).toEqual([before, ...locations, behind])
    expect(events).toMatchObject([{ name: 'write', count: 2, durable: true }])
    expect((events[0] as { locations(): unknown }).locations()).toEqual(locations)
  })

  test('while its files are written one by one', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const { db, disk } = store
    const transaction = db.transaction()
    const all = items(8, 112)
    for (const data of all) transaction.add(data)
    const gate = inject(disk, hold(), { kind: 'append', name: 'data00002.dat', nth: 2 })
    const committed = transaction.commit()
    await gate.reached
    // Two files are whole and durable by now, and the third has its header.
    expect(await db.read({ index: 0, position: 44, size: 112 })).toBeUndefined()
    expect(await contentsOf(db)).toEqual([])
    expect(await contentsOf(db, { buffered: true })).toEqual([])
    gate.release()
    const locations = await committed
    expect(locations.map(({ index }) => index)).toEqual([0, 0, 0, 1, 1, 1, 2, 2])
    expect(await contentsOf(db)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
  })
})

describe('several transactions', () => {
  test('at once share one append and one sync', async () => {
    const store = await openStore()
    const writes = watchWrites(store.disk)
    const locations = await Promise.all(
      items(20, 50).map((data) => {
        const transaction = store.db.transaction()
        transaction.add(data)
        transaction.add(data)
        return transaction.commit()
      }),
    )
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
    expect((await store.db.stats()).flushes).toBe(1)
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual(locations.flat())
  })

  test('keep their own items together, in order of commit, with adds around them', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const [a, b] = [store.db.transaction(), store.db.transaction()]
    for (let n = 0; n < 4; n++) {
      a.add(item(90, 10 + n))
      b.add(item(90, 20 + n))
      await store.db.add(item(30, 30 + n))
    }
    const second = b.commit()
    const between = store.db.add(item(30, 40))
    const first = a.commit()
    await Promise.all([second, between, first])
    await store.db.flush()
    const seeds = [30, 31, 32, 33, 20, 21, 22, 23, 40, 10, 11, 12, 13]
    const expected = seeds.map((seed) => item(seed >= 30 ? 30 : 90, seed))
    expect((await contentsAfterCrash(store)).map(({ data }) => data)).toEqual(expected)
  })

  test('of which one is aborted: the others are stored', async () => {
    const store = await openStore()
    const [a, b] = [store.db.transaction(), store.db.transaction()]
    a.add(item(10))
    b.add(item(20))
    a.abort()
    const [location] = await b.commit()
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(20) }])
  })

  test('more than one append holds: 1024 pieces and more go down in several', async () => {
    const store = await openStore()
    const locations = await Promise.all(
      items(700, 20).map((data) => {
        const transaction = store.db.transaction()
        transaction.add(data)
        return transaction.commit()
      }),
    )
    // Each has a header and a piece of its own.
    expect(store.disk.calls.filter(({ kind, size = 0 }) => kind === 'append' && size > 1000)).toHaveLength(2)
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual(locations.flat())
  })
})

describe('a commit that can not be written now', () => {
  test('rejects with the cause, pending and with its locations, and is there whole later', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const transaction = store.db.transaction()
    const all = items(8, 120)
    for (const data of all) transaction.add(data)
    inject(store.disk, fail('NO_SPACE'), { kind: 'append', name: 'data00001.dat', nth: 2 })
    const error = await failure(transaction.commit())
    expect(error.code).toBe('NO_SPACE')
    expect(error.pending).toBe(true)
    expect(error.locations).toHaveLength(8)
    expect(error.cause).toMatchObject({ name: 'BackendError', code: 'NO_SPACE' })
    // Half of it is in its files: no part of it is anyone's to see.
    expect(await store.db.readMany(error.locations)).toEqual(all.map(() => undefined))
    expect(await contentsOf(store.db, { buffered: true })).toEqual([])
    expect(codeThrownBy(() => transaction.add(item(1)))).toBe('TRANSACTION_DONE')
    await store.db.flush()
    expect(await store.db.readMany(error.locations)).toEqual(all)
    expect(await contentsAfterCrash(store)).toEqual(all.map((data, n) => ({ location: error.locations[n], data })))
  })

  test('is synced before it is shown when it is written later, also where flushes are left to the operating system', async () => {
    const { db, disk, clock } = await openStore({ durability: 'os' })
    const transaction = db.transaction()
    transaction.add(item(1))
    inject(disk, fail('NO_SPACE'), { kind: 'append' })
    const { locations } = await failure(transaction.commit())
    const gate = inject(disk, hold(), { kind: 'sync' })
    clock.advance(1000)
    await gate.reached
    expect(await db.readMany(locations)).toEqual([undefined])
    gate.release()
    await db.whenDurable(locations[0] as Location)
    expect(await db.readMany(locations)).toEqual([item(1)])
  })

  test('is not there at all where the process ends before that', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const kept = await store.db.add(item(10), { durable: true })
    const transaction = store.db.transaction()
    for (const data of items(8, 120)) transaction.add(data)
    inject(store.disk, fail('NO_SPACE'), { kind: 'append', name: 'data00002.dat', nth: 2 })
    expect(await codeOf(transaction.commit())).toBe('NO_SPACE')
    expect(await contentsAfterCrash(store)).toEqual([{ location: kept, data: item(10) }])
  })

  test('is FAILED where the store fails on it', async () => {
    const { db, disk } = await openStore()
    const transaction = db.transaction()
    transaction.add(item(1))
    const cause = inject(disk, fail('IO'), { kind: 'sync' })
    expect(cause.code).toBe('IO')
    const error = await failure(transaction.commit())
    expect(error.code).toBe('FAILED')
    expect(error.pending).toBe(false)
    expect(error.locations).toHaveLength(1)
    expect(await stateOf(rejection(transaction.commit()))).toBe('resolved')
  })
})
