import { fail, hold } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, contentsOf, inject, newStore, openStore } from './support/test-store.js'

failOnUnhandledRejections()

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
