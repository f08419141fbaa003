import { hold } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeThrownBy, failOnUnhandledRejections, failure } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, contentsOf, fileLengths, inject, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

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
