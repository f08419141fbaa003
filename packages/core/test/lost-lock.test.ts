import { act, fail, faultyBackend, hold } from '@varve/backend/faults'
import { BackendError, type Location, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { leasedBackend } from './support/leased-backend.js'
import { ManualClock } from './support/manual-clock.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsOf, inject, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

describe('a lock that is lost', () => {
  const leased = async () => {
    const memory = memoryBackend()
    const lease = leasedBackend(memory)
    const disk = faultyBackend(lease)
    const clock = new ManualClock()
    const db = new Varve(disk, { maxFileSize: 512, overwrite: true }, clock)
    await db.start()
    return { db, disk, lease, memory, clock }
  }

  test('makes the store fail at once: what is durable is read, and a start takes the lock anew', async () => {
    const { db, disk, lease } = await leased()
    const events = recordEvents(db)
    const kept = await db.add(item(1), { durable: true })
    const lost = await db.add(item(2))
    const reason = new Error('no word for 30 s')
    lease.lose(reason)
    expect(db.state).toBe('failed')
    expect(events.at(-1)).toMatchObject({ name: 'failure', fatal: true, error: { code: 'FAILED', cause: reason } })
    expect(await codeOf(db.add(item(3)))).toBe('FAILED')
    expect(await codeOf(db.read(lost))).toBe('FAILED')
    expect(await db.read(kept)).toEqual(item(1))
    await db.start()
    expect(disk.locks).toBe(1)
    await db.add(item(4), { durable: true })
    expect((await contentsOf(db)).map(({ data }) => data)).toEqual([item(1), item(4)])
  })

  test('to a writer that came first makes the store FENCED, for every verb', async () => {
    const { db, lease } = await leased()
    const events = recordEvents(db)
    const kept = await db.add(item(1), { durable: true })
    const lost = await db.add(item(2))
    lease.lose(new BackendError('CONFLICT', 'another writer has taken over'))
    expect(events.at(-1)).toMatchObject({ name: 'failure', fatal: true, error: { code: 'FENCED', cause: { code: 'CONFLICT' } } })
    for (const call of [() => db.add(item(3)), () => db.flush(), () => db.read(lost), () => db.whenDurable(lost), () => db.dropIndex(0)])
      expect(await codeOf(call())).toBe('FENCED')
    expect(await db.read(kept)).toEqual(item(1))
  })

  const steps = [
    'append data00000.dat',
    'sync data00000.dat',
    'create data00001.dat',
    'append data00001.dat',
    'sync data00001.dat',
  ] as const
  test.each(steps)('during %s: that call is the last one that writes', async (step) => {
    const { db, disk, lease } = await leased()
    await db.add(item(150, 1), { durable: true })
    const [kind, name] = step.split(' ') as ['append', string]
    const gate = inject(disk, hold(), { kind, name })
    // The second of them goes to the next file.
    const added = Promise.all([db.add(item(150, 2)), codeOf(db.add(item(150, 3), { durable: true }))])
    await gate.reached
    const writes = watchWrites(disk)
    lease.lose('gone')
    gate.release()
    expect((await added)[1]).toBe('FAILED')
    await settle()
    // The header of a file that was just made may still follow it: the file is of no use without.
    const header = ['create data00001.dat', 'append data00001.dat', 'sync data00001.dat']
    expect(writes()).toEqual(header.includes(step) ? header.slice(header.indexOf(step) + 1) : [])
    expect(db.state).toBe('failed')
  })

  test('while a failed write is to be cut back: the file is left alone', async () => {
    const { db, disk, lease } = await leased()
    const gate = inject(disk, hold(), { kind: 'append' })
    const added = codeOf(db.add(item(1), { durable: true }))
    await gate.reached
    lease.lose('gone')
    gate.fail('NO_SPACE')
    expect(await added).toBe('FAILED')
    await settle()
    expect(disk.count('truncate')).toBe(0)
  })

  test('while a file is rewritten: it is not put in the place of the old one', async () => {
    const { db, disk, lease } = await leased()
    const locations = await db.addMany(items(2, 100), { durable: true })
    const gate = inject(disk, hold(), { kind: 'sync', name: /tmp/ })
    const trimmed = rejection(db.ltrim(0, (locations[1] as Location).position))
    await gate.reached
    lease.lose('gone')
    gate.release()
    expect(await trimmed).toMatchObject({ code: 'FAILED' })
    await settle()
    expect(disk.count('replace')).toBe(0)
  })

  test('while a file is to be dropped: it stays', async () => {
    const { db, disk, lease } = await leased()
    await db.addMany(items(5, 150), { durable: true })
    // The last thing before the removal: the handle is closed.
    const closing = inject(disk, hold(), { kind: 'close', name: 'data00000.dat' })
    const dropped = rejection(db.dropIndex(0))
    await closing.reached
    lease.lose('gone')
    closing.release()
    expect(await dropped).toMatchObject({ code: 'FAILED' })
    expect(disk.count('remove')).toBe(0)
  })

  test('before the start is over: the store has failed when it starts', async () => {
    const memory = memoryBackend()
    const lease = leasedBackend(memory)
    const disk = faultyBackend(lease, { kind: 'create', fault: act('the lock is lost meanwhile', () => lease.lose('gone')) })
    const db = new Varve(disk)
    const events = recordEvents(db)
    const error = await failure(db.start())
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBe('gone')
    expect(db.state).toBe('stopped')
    expect(events.filter(({ name }) => name === 'start')).toEqual([])
    expect(disk.openFiles).toEqual([])
    expect(disk.locks).toBe(0)
    await db.start()
    expect(db.state).toBe('running')
    await db.stop()
  })

  test('before the start is over, and can not be given back: the next start tries that first', async () => {
    const memory = memoryBackend()
    const lease = leasedBackend(memory)
    const disk = faultyBackend(lease, [
      { kind: 'create', fault: act('the lock is lost meanwhile', () => lease.lose('gone')) },
      { kind: 'release', fault: fail('IO') },
    ])
    const db = new Varve(disk)
    expect(await codeOf(db.start())).toBe('FAILED')
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(1)
    await db.start()
    expect(db.state).toBe('running')
    await db.stop()
    expect(disk.locks).toBe(0)
  })

  test('between a call and its turn: nothing is written at all', async () => {
    const { db, disk, lease } = await leased()
    const writes = watchWrites(disk)
    const added = codeOf(db.add(item(1), { durable: true }))
    lease.lose('gone')
    expect(await added).toBe('FAILED')
    await settle()
    expect(writes()).toEqual([])
  })

  test('and can not be given back: the next start tries again', async () => {
    const { db, disk, lease } = await leased()
    lease.lose('gone')
    inject(disk, fail('IO'), { kind: 'release' })
    expect(await codeOf(db.start())).toBe('IO')
    expect(db.state).toBe('failed')
    await db.start()
    expect(db.state).toBe('running')
    await db.stop()
    expect(disk.locks).toBe(0)
  })

  test('after the store was stopped concerns nobody', async () => {
    const { db, lease } = await leased()
    const events = recordEvents(db)
    await db.stop()
    lease.lose('gone')
    expect(db.state).toBe('stopped')
    expect(events).toMatchObject([{ name: 'stop' }])
  })

  test('while the store stops makes the stop fail', async () => {
    const { db, disk, lease } = await leased()
    await db.add(item(1))
    const gate = inject(disk, hold(), { kind: 'append' })
    const stopped = codeOf(db.stop())
    await gate.reached
    lease.lose('gone')
    expect(await stateOf(stopped)).toBe('pending')
    gate.release()
    expect(await stopped).toBe('FAILED')
    expect(db.state).toBe('stopped')
    expect(disk.openFiles).toEqual([])
  })
})
