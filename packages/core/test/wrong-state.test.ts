import { fail, hold } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { item } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsAfterStop, contentsOf, inject, newStore, openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const LOCATION = { index: 0, position: 44, size: 1 }

/** Every verb that needs a running store, and what it comes to. */
async function outcomes({ db }: TestStore): Promise<Record<string, string>> {
  const rejecting = {
    add: () => db.add(item(1)),
    'durable add': () => db.add(item(1), { durable: true }),
    addMany: () => db.addMany([item(1)]),
    read: () => db.read(LOCATION),
    readMany: () => db.readMany([LOCATION]),
    readStream: () => db.readStream(LOCATION),
    flush: () => db.flush(),
    whenDurable: () => db.whenDurable(LOCATION),
    ltrim: () => db.ltrim(0, 44),
    rtrim: () => db.rtrim(0, 44),
    dropIndex: () => db.dropIndex(0),
    stats: () => db.stats(),
  }
  const throwing = {
    readSync: () => db.readSync(LOCATION),
    scan: () => db.scan(),
    locations: () => db.locations(),
    transaction: () => db.transaction(),
  }
  const codes: Record<string, string> = {}
  for (const [verb, call] of Object.entries(rejecting)) codes[verb] = await codeOf(call())
  for (const [verb, call] of Object.entries(throwing)) codes[verb] = codeThrownBy(call)
  return codes
}

describe('every verb in the wrong state', () => {
  test('is NOT_RUNNING before start and after stop, and the message says which', async () => {
    const store = newStore({ overwrite: true })
    for (const code of Object.values(await outcomes(store))) expect(code).toBe('NOT_RUNNING')
    expect((await failure(store.db.add(item(1)))).message).toBe('add: the store is idle; start it first')
    await store.db.start()
    await store.db.add(item(1))
    await store.db.stop()
    const after = await outcomes(store)
    expect(Object.keys(after)).toHaveLength(16)
    for (const code of Object.values(after)) expect(code).toBe('NOT_RUNNING')
    expect((await failure(store.db.flush())).message).toBe('flush: the store is stopped; start it first')
  })

  test('is NOT_RUNNING while it starts and while it stops', async () => {
    const store = newStore({ overwrite: true })
    const opening = inject(store.disk, hold(), { kind: 'lock' })
    const started = store.db.start()
    await opening.reached
    for (const code of Object.values(await outcomes(store))) expect(code).toBe('NOT_RUNNING')
    opening.release()
    await started
    const closing = inject(store.disk, hold(), { kind: 'append' })
    const stopped = store.db.stop()
    expect(await codeOf(store.db.add(item(1)))).toBe('NOT_RUNNING')
    await closing.reached
    for (const code of Object.values(await outcomes(store))) expect(code).toBe('NOT_RUNNING')
    closing.release()
    await stopped
    expect(await contentsAfterStop(store)).toEqual([])
  })

  test('is FAILED with the cause in a failed store, but for reads of what is durable', async () => {
    const store = await openStore({ overwrite: true })
    const kept = await store.db.add(item(1), { durable: true })
    expect(kept).toEqual(LOCATION)
    inject(store.disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(store.db.add(item(2), { durable: true }))).toBe('FAILED')
    for (const call of [
      () => store.db.add(item(1)),
      () => store.db.addMany([item(1)]),
      () => store.db.flush(),
      () => store.db.ltrim(0, 44),
      () => store.db.rtrim(0, 44),
      () => store.db.dropIndex(0),
    ]) {
      const error = await failure(call())
      expect(error.code).toBe('FAILED')
      expect(error.cause).toMatchObject({ name: 'VarveError', code: 'FAILED', cause: { name: 'BackendError', code: 'IO' } })
    }
    expect(codeThrownBy(() => store.db.transaction())).toBe('FAILED')
    expect(await store.db.read(kept)).toEqual(item(1))
    expect(store.db.readSync(kept)).toEqual(item(1))
    expect(await store.db.readMany([kept])).toEqual([item(1)])
    expect(await contentsOf(store.db)).toEqual([{ location: kept, data: item(1) }])
    expect((await store.db.stats()).state).toBe('failed')
  })

  test('is READ_ONLY for what writes, where the store is opened to be read', async () => {
    const { memory, db: writer } = await openStore()
    const location = await writer.add(item(1))
    await writer.stop()
    const { db } = await openStore({ readOnly: true }, memory)
    expect(await db.read(location)).toEqual(item(1))
    for (const call of [
      () => db.add(item(1)),
      () => db.addMany([item(1)]),
      () => db.flush(),
      () => db.dropIndex(0),
      () => db.whenDurable(location),
    ]) {
      expect(await codeOf(call())).toBe('READ_ONLY')
    }
    expect(codeThrownBy(() => db.transaction())).toBe('READ_ONLY')
    await db.stop()
    expect(await codeOf(db.read(location))).toBe('NOT_RUNNING')
  })
})

describe('destroy', () => {
  test('is RUNNING while the store starts', async () => {
    const { db } = newStore({ overwrite: true })
    const started = db.start()
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await started
    await db.stop()
    await db.destroy()
  })

  test('is READ_ONLY for a reader, and OVERWRITE_DISABLED once that is no longer allowed', async () => {
    const { db, memory } = await openStore({ overwrite: true })
    await db.stop()
    expect(await codeOf(newStore({ readOnly: true, overwrite: true }, memory).db.destroy())).toBe('READ_ONLY')
    db.disableOverwrite()
    expect(await codeOf(db.destroy())).toBe('OVERWRITE_DISABLED')
    db.enableOverwrite()
    await db.destroy()
    expect(await memory.list()).toEqual([])
  })
})

test('a rejected verb changes nothing: the error is the only trace', async () => {
  const store = newStore()
  expect(await rejection(store.db.add('text' as never))).toMatchObject({ code: 'NOT_RUNNING' })
  expect(store.disk.count()).toBe(0)
  expect(store.clock.timers).toEqual([])
})
