import { fail, hold } from '@varve/backend/faults'
import { VarveError } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item } from './support/items.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { inject, newStore, openStore } from './support/test-store.js'

failOnUnhandledRejections()

test('resolves at once for what is durable', async () => {
  const { db, disk } = await openStore()
  const location = await db.add(item(10), { durable: true })
  const calls = disk.count()
  await db.whenDurable(location)
  expect(disk.count()).toBe(calls)
})

test('resolves when the item is synced, and asks for no flush itself', async () => {
  const { db, disk } = await openStore()
  const location = await db.add(item(10))
  const calls = disk.count()
  const durable = db.whenDurable(location)
  expect(await stateOf(durable)).toBe('pending')
  expect(disk.count()).toBe(calls)
  const gate = inject(disk, hold(), { kind: 'sync' })
  const flushed = db.flush()
  await gate.reached
  expect(await stateOf(durable)).toBe('pending')
  gate.release()
  await Promise.all([flushed, durable])
})

test('resolves for each item when its own block is durable, not before and not later', async () => {
  const { db, disk } = await openStore()
  const gate = inject(disk, hold(), { kind: 'sync' })
  const first = await db.add(item(1))
  void db.flush()
  await gate.reached
  const second = await db.add(item(2))
  const [firstDurable, secondDurable] = [db.whenDurable(first), db.whenDurable(second)]
  gate.release()
  await firstDurable
  expect(await stateOf(secondDurable)).toBe('pending')
  await db.flush()
  await secondDurable
})

test('waits for the interval, where nobody asks for more', async () => {
  const { db, clock } = await openStore({ flushInterval: 700 })
  const durable = db.whenDurable(await db.add(item(1)))
  clock.advance(699)
  expect(await stateOf(durable)).toBe('pending')
  clock.advance(1)
  await durable
})

test('waits for a sync where flushes are left to the operating system', async () => {
  const { db, clock } = await openStore({ durability: 'os', flushInterval: 700 })
  const durable = db.whenDurable(await db.add(item(1)))
  clock.advance(700)
  expect(await stateOf(durable)).toBe('pending')
  expect((await db.stats()).buffered.items).toBe(0)
  await db.stop()
  await durable
})

test('waits through writes that are refused, and resolves when one succeeds', async () => {
  const { db, disk } = await openStore()
  const location = await db.add(item(1))
  const durable = db.whenDurable(location)
  inject(disk, fail('NO_SPACE'), { kind: 'append' })
  expect(await codeOf(db.flush())).toBe('NO_SPACE')
  expect(await stateOf(durable)).toBe('pending')
  await db.flush()
  await durable
})

test('waits for the whole of a transaction', async () => {
  const { db, disk } = await openStore()
  const transaction = db.transaction()
  transaction.add(item(1))
  const gate = inject(disk, hold(), { kind: 'sync' })
  const committed = transaction.commit()
  await gate.reached
  const durable = db.whenDurable({ index: 0, position: 44, size: 1 })
  expect(await stateOf(durable)).toBe('pending')
  gate.release()
  await Promise.all([committed, durable])
})

test('knows what was durable before the store was started again', async () => {
  const { db } = await openStore()
  const location = await db.add(item(1))
  await db.stop()
  await db.start()
  await db.whenDurable(location)
})

describe('is INVALID_LOCATION beyond what was given out', () => {
  test('in this file and in later ones, with the location in the message', async () => {
    const { db } = await openStore()
    const { index, position, size } = await db.add(item(10))
    const error = await failure(db.whenDurable({ index, position: position + 18, size: 1 }))
    expect(error.code).toBe('INVALID_LOCATION')
    expect(error.message).toContain('0:62:1')
    expect(await codeOf(db.whenDurable({ index, position, size: size + 1 }))).toBe('INVALID_LOCATION')
    expect(await codeOf(db.whenDurable({ index: index + 1, position: 44, size }))).toBe('INVALID_LOCATION')
  })

  test('on an empty store', async () => {
    const { db } = await openStore()
    expect(await codeOf(db.whenDurable({ index: 0, position: 44, size: 1 }))).toBe('INVALID_LOCATION')
  })

  test('for numbers that no location has; a TypeError for what is no location', async () => {
    const { db } = await openStore()
    expect(await codeOf(db.whenDurable({ index: 0, position: -1, size: 1 }))).toBe('INVALID_LOCATION')
    expect(await codeOf(db.whenDurable({ index: 0, position: 44, size: 0 }))).toBe('INVALID_LOCATION')
    expect(await rejection(db.whenDurable('0:44:1' as never))).toBeInstanceOf(TypeError)
    expect(await rejection(db.whenDurable(undefined as never))).toBeInstanceOf(TypeError)
  })
})

describe('once the store failed', () => {
  test('is FAILED for what never will be durable, and resolves for what is', async () => {
    const { db, disk } = await openStore()
    const durable = await db.add(item(1), { durable: true })
    const lost = await db.add(item(2))
    const waiting = failure(db.whenDurable(lost))
    inject(disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(db.flush())).toBe('FAILED')
    expect(db.state).toBe('failed')
    const error = await waiting
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBeInstanceOf(VarveError)
    expect(await codeOf(db.whenDurable(lost))).toBe('FAILED')
    await db.whenDurable(durable)
    expect(await codeOf(db.whenDurable({ index: 7, position: 44, size: 1 }))).toBe('INVALID_LOCATION')
  })
})

test('is NOT_RUNNING before start and after stop, and READ_ONLY for who only reads', async () => {
  const store = newStore()
  const location = { index: 0, position: 44, size: 1 }
  expect(await codeOf(store.db.whenDurable(location))).toBe('NOT_RUNNING')
  await store.db.start()
  await store.db.add(item(1))
  await store.db.stop()
  expect(await codeOf(store.db.whenDurable(location))).toBe('NOT_RUNNING')
  const reader = await openStore({ readOnly: true }, store.memory)
  expect(await codeOf(reader.db.whenDurable(location))).toBe('READ_ONLY')
})

test('many may wait for many', async () => {
  const { db } = await openStore()
  const locations = await db.addMany(Array.from({ length: 50 }, (_, n) => item(10, n)))
  const waiting = Promise.all([...locations, ...locations].map((location) => db.whenDurable(location)))
  await settle()
  await db.flush()
  await waiting
})
