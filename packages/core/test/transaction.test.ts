import { fail, hold } from '@varve/backend/faults'
import { KiB, type Location, MiB, Transaction } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { digest, item, items } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import {
  contentsAfterCrash,
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  newStore,
  openStore,
  recordEvents,
  watchWrites,
} from './support/test-store.js'

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

describe('a transaction that spans files', () => {
  const spanning = async (options = {}) => {
    const store = await openStore({ maxFileSize: 512, ...options })
    const transaction = store.db.transaction()
    const all = Array.from({ length: 9 }, (_, n) => item(100 + 10 * n, n + 1))
    for (const data of all) transaction.add(data)
    return { ...store, transaction, all }
  }

  test('is there whole, before a crash and after it', async () => {
    const { transaction, all, ...store } = await spanning()
    const events = recordEvents(store.db)
    const locations = await transaction.commit()
    expect(new Set(locations.map(({ index }) => index)).size).toBeGreaterThan(2)
    expect(await store.db.readMany(locations)).toEqual(all)
    // One write event for each of its files, once it is durable as a whole.
    expect(events.filter(({ name }) => name === 'rotate')).toHaveLength(4)
    const writes = events.filter((event) => event.name === 'write')
    expect(writes.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4])
    expect(writes.flatMap((event) => event.locations())).toEqual(locations)
    expect(writes.every(({ durable }) => durable)).toBe(true)
    expect(await contentsAfterCrash(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
    for (const length of (await fileLengths(store.memory)).values()) expect(length).toBeLessThanOrEqual(512)
  })

  test('is gone whole after a crash in its midst, with its files', async () => {
    const { transaction, all: _, ...store } = await spanning()
    const kept = await store.db.add(item(50), { durable: true })
    const gate = inject(store.disk, hold(), { kind: 'append', name: 'data00003.dat', nth: 2 })
    void transaction.commit()
    await gate.reached
    expect((await fileLengths(store.memory)).size).toBe(4)
    expect(await contentsAfterCrash(store)).toEqual([{ location: kept, data: item(50) }])
    expect((await fileLengths(store.memory)).size).toBe(1)
  })

  test('does not hold up what was stored before it', async () => {
    const { transaction, all, ...store } = await spanning()
    const gate = inject(store.disk, hold(), { kind: 'create' })
    const small = store.db.transaction()
    small.add(item(5))
    const [added, committed, spanned] = [store.db.add(item(4), { durable: true }), small.commit(), transaction.commit()]
    await gate.reached
    expect(await stateOf(added)).toBe('resolved')
    expect(await stateOf(committed)).toBe('resolved')
    expect(await stateOf(spanned)).toBe('pending')
    expect((await contentsOf(store.db)).map(({ data }) => data)).toEqual([item(4), item(5)])
    gate.release()
    expect(await spanned).toHaveLength(all.length)
  })

  test('begins in the next file where its first item does not fit the one adds go to', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const before = await store.db.add(item(300))
    const transaction = store.db.transaction()
    for (const data of items(3, 160)) transaction.add(data)
    const locations = await transaction.commit()
    expect([before.index, ...locations.map(({ index }) => index)]).toEqual([0, 1, 1, 2])
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual([before, ...locations])
  })

  test('fills files to the last byte where its items do', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const transaction = store.db.transaction()
    // Two items and their block header: 404 bytes, with the file header and the closing block 512.
    for (const data of items(6, 172)) transaction.add(data)
    const locations = await transaction.commit()
    expect(locations.map(({ index }) => index)).toEqual([0, 0, 1, 1, 2, 2])
    await store.db.stop()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([512, 512, 512])
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('has one item in each file where they are as large as can be', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const transaction = store.db.transaction()
    for (const data of items(3, 352)) transaction.add(data)
    expect((await transaction.commit()).map(({ index }) => index)).toEqual([0, 1, 2])
    expect(await contentsAfterCrash(store)).toHaveLength(3)
  })

  test('is FULL where its files would have no names; then nothing of it is placed, and it is done', async () => {
    const { transaction, ...store } = await spanning({ filePadding: 1 })
    for (let n = 0; n < 9; n++) await store.db.add(item(300, n + 1))
    const { nextSequence } = await store.db.stats()
    const error = await failure(transaction.commit())
    expect(error.code).toBe('FULL')
    expect(error.pending).toBe(false)
    expect((await store.db.stats()).nextSequence).toBe(nextSequence)
    expect(codeThrownBy(() => transaction.add(item(1)))).toBe('TRANSACTION_DONE')
    const small = store.db.transaction()
    small.add(item(1))
    await small.commit()
    await store.db.stop()
    expect(await contentsAfterStop(store)).toHaveLength(10)
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
    // A commit takes its place a moment later than an add that is called after it.
    const found = (await contentsAfterCrash(store)).map(({ data }) => data)
    expect(found.map(digest).sort()).toEqual(expected.map(digest).sort())
    const at = (seed: number) => found.findIndex((data) => digest(data) === digest(item(seed >= 30 ? 30 : 90, seed)))
    for (const start of [10, 20]) expect([0, 1, 2, 3].map((n) => at(start + n) - at(start))).toEqual([0, 1, 2, 3])
    expect(at(20)).toBeLessThan(at(10))
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

describe('what a transaction refuses', () => {
  test.each([['text'], [undefined], [[1, 2]], [new ArrayBuffer(2)]])('%o is no item: a TypeError, thrown at once', async (data) => {
    const { db } = await openStore()
    const transaction = db.transaction()
    expect(() => transaction.add(data as never)).toThrow(TypeError)
    expect(transaction.length).toBe(0)
  })

  test('an empty item, and one that no file holds; it stays as it was', async () => {
    const { db } = await openStore({ maxFileSize: 512 })
    const transaction = db.transaction()
    transaction.add(item(3))
    expect(codeThrownBy(() => transaction.add(new Uint8Array(0)))).toBe('EMPTY_ITEM')
    expect(codeThrownBy(() => transaction.add(item(353)))).toBe('ITEM_TOO_LARGE')
    transaction.add(item(352))
    expect((await transaction.commit()).map(({ size }) => size)).toEqual([3, 352])
  })

  test('more than maxTransactionSize; it stays as it was and can be committed', async () => {
    const store = await openStore({ maxTransactionSize: 100 })
    const transaction = store.db.transaction()
    transaction.add(item(42))
    expect(codeThrownBy(() => transaction.add(item(43)))).toBe('TRANSACTION_TOO_LARGE')
    transaction.add(item(42, 7))
    expect(transaction.size).toBe(100)
    expect(codeThrownBy(() => transaction.add(item(1)))).toBe('TRANSACTION_TOO_LARGE')
    await transaction.commit()
    expect((await contentsAfterCrash(store)).map(({ data }) => data)).toEqual([item(42), item(42, 7)])
  })

  test('to commit nothing: it stays open', async () => {
    const { db } = await openStore()
    const transaction = db.transaction()
    expect(await codeOf(transaction.commit())).toBe('TRANSACTION_EMPTY')
    transaction.add(item(1))
    expect(await transaction.commit()).toHaveLength(1)
  })

  test('anything while its commit is under way', async () => {
    const { db, disk } = await openStore()
    const gate = inject(disk, hold(), { kind: 'sync' })
    const transaction = db.transaction()
    transaction.add(item(1))
    const committed = transaction.commit()
    expect(codeThrownBy(() => transaction.add(item(2)))).toBe('TRANSACTION_COMMITTING')
    await gate.reached
    expect(codeThrownBy(() => transaction.add(item(2)))).toBe('TRANSACTION_COMMITTING')
    expect(codeThrownBy(() => transaction.abort())).toBe('TRANSACTION_COMMITTING')
    expect(await codeOf(transaction.commit())).toBe('TRANSACTION_COMMITTING')
    gate.release()
    expect(await committed).toHaveLength(1)
  })

  test('anything once it is committed or aborted', async () => {
    const { db } = await openStore()
    const committed = db.transaction()
    committed.add(item(1))
    await committed.commit()
    const aborted = db.transaction()
    aborted.add(item(2))
    aborted.abort()
    for (const transaction of [committed, aborted]) {
      expect(codeThrownBy(() => transaction.add(item(2)))).toBe('TRANSACTION_DONE')
      expect(codeThrownBy(() => transaction.abort())).toBe('TRANSACTION_DONE')
      expect(await codeOf(transaction.commit())).toBe('TRANSACTION_DONE')
    }
    await db.flush()
    expect(await contentsOf(db)).toHaveLength(1)
  })
})

describe('a transaction belongs to the session it was begun in', () => {
  test('and begins in none before start, after stop or in a failed store', async () => {
    const { db, disk } = newStore()
    expect(codeThrownBy(() => db.transaction())).toBe('NOT_RUNNING')
    await db.start()
    await db.stop()
    expect(codeThrownBy(() => db.transaction())).toBe('NOT_RUNNING')
    await db.start()
    inject(disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(db.add(item(1), { durable: true }))).toBe('FAILED')
    expect(codeThrownBy(() => db.transaction())).toBe('FAILED')
  })

  test('and is of no use after that is stopped, nor after a restart', async () => {
    const { db } = await openStore()
    const transaction = db.transaction()
    transaction.add(item(1))
    await db.stop()
    expect(codeThrownBy(() => transaction.add(item(2)))).toBe('NOT_RUNNING')
    expect(await codeOf(transaction.commit())).toBe('NOT_RUNNING')
    await db.start()
    expect(codeThrownBy(() => transaction.add(item(2)))).toBe('NOT_RUNNING')
    expect(await codeOf(transaction.commit())).toBe('NOT_RUNNING')
    transaction.abort()
    expect((await db.stats()).nextSequence).toBe(0)
  })

  test('and is committed by a stop that comes while its commit is under way', async () => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const transaction = store.db.transaction()
    transaction.add(item(1))
    const committed = transaction.commit()
    await gate.reached
    const stopped = store.db.stop()
    await settle()
    gate.release()
    const [location] = await committed
    await stopped
    expect(await contentsAfterStop(store)).toEqual([{ location, data: item(1) }])
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
