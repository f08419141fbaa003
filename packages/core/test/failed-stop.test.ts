import { fail, hold } from '@varve/backend/faults'
import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item } from './support/items.js'
import { addItems } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure } from './support/rejections.js'
import { contentsAfterStop, contentsOf, inject, newStore, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

describe('a stop that can not be finished', () => {
  test('for want of space: rejects with the cause, the store runs on with all it has, and can be stopped later', async () => {
    const store = await openStore()
    const location = await store.db.add(item(1))
    const undo = store.disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: fail('NO_SPACE') })
    const error = await failure(store.db.stop())
    expect(error.code).toBe('NO_SPACE')
    expect(error.cause).toMatchObject({ name: 'BackendError' })
    expect(store.db.state).toBe('running')
    expect(await store.db.read(location)).toEqual(item(1))
    const second = await store.db.add(item(2))
    undo()
    await store.db.stop()
    expect((await contentsAfterStop(store)).map((found) => found.location)).toEqual([location, second])
  })

  test('for want of space for the closing block alone: the store runs on, adds and stops later', async () => {
    const store = await openStore()
    const location = await store.db.add(item(1), { durable: true })
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    expect(await codeOf(store.db.stop())).toBe('NO_SPACE')
    expect(store.db.state).toBe('running')
    const second = await store.db.add(item(2), { durable: true })
    await store.db.stop()
    expect((await contentsAfterStop(store)).map((found) => found.location)).toEqual([location, second])
  })

  test.each([
    ['the sync of the last items', 'sync', 1],
    ['the sync of the closing block', 'sync', 2],
  ] as const)('because %s fails: rejects with FAILED and leaves a stopped store without lock', async (_, kind, nth) => {
    const store = await openStore()
    const location = await store.db.add(item(1))
    inject(store.disk, fail('IO'), { kind, nth })
    const events = recordEvents(store.db)
    const error = await failure(store.db.stop())
    expect(error.code).toBe('FAILED')
    expect(store.db.state).toBe('stopped')
    expect(events.at(-1)).toMatchObject({ name: 'failure', fatal: true })
    expect(store.disk.locks).toBe(0)
    expect(store.disk.openFiles).toEqual([])
    await store.db.start()
    expect(await store.db.read(location)).toEqual(item(1))
  })

  test('because it hangs: ends in TIMEOUT and a failed store that keeps its lock until the call ends; then start works', async () => {
    const store = await openStore({ timeout: 500 })
    const { db, disk, clock } = store
    const durable = await db.add(item(1), { durable: true })
    const gate = inject(disk, hold(), { kind: 'append' })
    const lost = await db.add(item(2))
    const watched = codeOf(db.whenDurable(lost))
    const stopped = codeOf(db.stop())
    await gate.reached
    clock.advance(499)
    expect(await stateOf(stopped)).toBe('pending')
    clock.advance(1)
    expect(await stopped).toBe('TIMEOUT')
    expect(await watched).toBe('FAILED')
    expect(db.state).toBe('failed')
    expect(disk.locks).toBe(1)
    // What is durable is served, what is not is not.
    expect(await db.read(durable)).toEqual(item(1))
    expect(await codeOf(db.read(lost))).toBe('FAILED')

    // Nobody else may write before the call is over, neither this store nor another.
    const again = codeOf(db.start())
    await settle()
    clock.advance(500)
    expect(await again).toBe('TIMEOUT')
    expect(db.state).toBe('failed')
    const stopAgain = codeOf(db.stop())
    await settle()
    clock.advance(500)
    expect(await stopAgain).toBe('TIMEOUT')
    expect(await codeOf(newStore({}, store.memory).db.start())).toBe('LOCKED')

    gate.release()
    await db.start()
    expect(db.state).toBe('running')
    const found = await contentsOf(db)
    expect(found[0]).toEqual({ location: durable, data: item(1) })
    await db.stop()
    expect(clock.timers).toEqual([])
  })

  test('and that failed can be stopped once the hanging call is over', async () => {
    const { db, disk, clock } = await openStore({ timeout: 500 })
    await db.add(item(1))
    const gate = inject(disk, hold(), { kind: 'append' })
    const stopped = codeOf(db.stop())
    await gate.reached
    clock.advance(500)
    expect(await stopped).toBe('TIMEOUT')
    gate.release()
    await db.stop()
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
  })

  test('because a read hangs: ends in TIMEOUT with everything durable, and start works', async () => {
    const store = await openStore({ timeout: 500 })
    const { db, disk, clock } = store
    const location = await db.add(item(100), { durable: true })
    const gate = inject(disk, hold(), { kind: 'read' })
    const read = db.read(location)
    await gate.reached
    const stopped = codeOf(db.stop())
    await settle()
    clock.advance(500)
    expect(await stopped).toBe('TIMEOUT')
    expect(db.state).toBe('stopped')
    await db.start()
    expect(await db.read(location)).toEqual(item(100))
    gate.release()
    expect(await read).toEqual(item(100))
    // The end of the old session takes nothing from the new one.
    await db.add(item(1), { durable: true })
    expect(disk.locks).toBe(1)
    await db.stop()
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
  })

  test('because the lock can not be given back: rejects by name and is stopped; the next start gives it back first', async () => {
    const store = await openStore()
    const location = await store.db.add(item(1))
    inject(store.disk, fail('IO'), { kind: 'release' })
    const error = await failure(store.db.stop())
    expect(error.code).toBe('IO')
    expect(error.cause).toMatchObject({ name: 'BackendError' })
    expect(store.db.state).toBe('stopped')
    expect(await codeOf(store.db.read(location))).toBe('NOT_RUNNING')
    await store.db.start()
    expect(await store.db.read(location)).toEqual(item(1))
    await store.db.stop()
    expect(store.disk.locks).toBe(0)
  })

  test('because a sync fails, and then the lock can not be given back: the store has failed until that works', async () => {
    const { db, disk } = await openStore()
    await db.add(item(1))
    inject(disk, fail('IO'), { kind: 'sync' })
    inject(disk, fail('IO'), { kind: 'release' })
    expect(await codeOf(db.stop())).toBe('FAILED')
    expect(db.state).toBe('failed')
    await db.stop()
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(0)
  })

  test('because the lock can not be given back: a second stop tries once more', async () => {
    const { db, disk } = await openStore()
    inject(disk, fail('IO'), { kind: 'release' })
    expect(await codeOf(db.stop())).toBe('IO')
    await db.stop()
    expect(disk.locks).toBe(0)
    expect(db.state).toBe('stopped')
  })
})

describe('a stop while an oversized add waits', () => {
  test.each([1, 2, 3])('behind %s writes that were refused lets it in, and ends', async (times) => {
    const { db, disk, memory } = await openStore({ maxFileSize: 700, maxBufferSize: 200 })
    await addItems(db, 20)
    disk.inject({ kind: 'append', times, fault: fail('IO', { when: 'after' }) })
    const [small, large, last] = [item(30, 1), item(180, 2), item(25, 3)]
    const added = Promise.all([small, large, last].map((data) => db.add(data)))
    await settle()
    for (let n = 0; n < times && db.state === 'running'; n++) await db.stop().catch(() => undefined)
    const locations = await added
    expect(db.state).toBe('stopped')
    const next = await Varve.open(memory, { readOnly: true })
    expect(await next.readMany(locations)).toEqual([small, large, last])
    await next.stop()
  })
})
