import { fail, hold } from '@varve/backend/faults'
import { type FileBackend, KiB, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import {
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  newStore,
  openStore,
  recordEvents,
  type TestStore,
  watchWrites,
} from './support/test-store.js'

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

describe('a store', () => {
  test('goes from idle to running to stopped, and says so', async () => {
    const { db, disk } = newStore()
    expect(db.state).toBe('idle')
    const opening = inject(disk, hold(), { kind: 'lock' })
    const started = db.start()
    expect(db.state).toBe('starting')
    await opening.reached
    expect(db.state).toBe('starting')
    opening.release()
    await started
    expect(db.state).toBe('running')
    const closing = inject(disk, hold(), { kind: 'append' })
    const stopped = db.stop()
    expect(db.state).toBe('stopping')
    await closing.reached
    expect(db.state).toBe('stopping')
    closing.release()
    await stopped
    expect(db.state).toBe('stopped')
  })

  test('runs when open resolves, with the options it was given', async () => {
    const db = await Varve.open(memoryBackend(), { maxFileSize: KiB })
    expect(db.state).toBe('running')
    expect(db.options).toMatchObject({ maxFileSize: KiB, maxBufferSize: 512, durability: 'sync' })
    expect(Object.isFrozen(db.options)).toBe(true)
    await db.stop()
  })

  test('is on a backend: anything else is a TypeError', () => {
    expect(() => new Varve(undefined as never)).toThrow(TypeError)
    expect(() => new Varve('./blocks' as never)).toThrow('such as fsBackend(directory)')
    expect(() => new Varve({} as FileBackend)).toThrow(TypeError)
  })

  test('has options that are checked when it is made', () => {
    expect(codeThrownBy(() => new Varve(memoryBackend(), { maxFileSize: 1 }))).toBe('INVALID_OPTION')
  })

  test('is stopped at the end of its scope', async () => {
    const memory = memoryBackend()
    let outer: Varve
    {
      await using db = await Varve.open(memory)
      outer = db
      await db.add(item(1))
    }
    expect(outer.state).toBe('stopped')
    expect(await contentsAfterStop({ ...newStore({}, memory), memory })).toHaveLength(1)
  })

  test('makes nothing before it is started, and nothing where it is only to be opened', async () => {
    const { memory } = newStore()
    expect(await memory.list()).toEqual([])
    const { db } = newStore({ create: false }, memory)
    expect(await codeOf(db.start())).toBe('NOT_FOUND')
    expect(db.state).toBe('stopped')
    expect(memory.volume.existsSync('/varve')).toBe(false)
  })
})

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
    for (const call of [() => db.add(item(1)), () => db.addMany([item(1)]), () => db.flush(), () => db.dropIndex(0), () => db.whenDurable(location)]) {
      expect(await codeOf(call())).toBe('READ_ONLY')
    }
    expect(codeThrownBy(() => db.transaction())).toBe('READ_ONLY')
    await db.stop()
    expect(await codeOf(db.read(location))).toBe('NOT_RUNNING')
  })
})

describe('start', () => {
  test('twice at once is one start', async () => {
    const { db, disk } = newStore()
    const events = recordEvents(db)
    await Promise.all([db.start(), db.start(), db.start()])
    expect(disk.count('lock')).toBe(1)
    expect(events.filter(({ name }) => name === 'start')).toHaveLength(1)
  })

  test('of a store that runs is RUNNING, and does nothing to it', async () => {
    const { db } = await openStore()
    expect(await codeOf(db.start())).toBe('RUNNING')
    expect(db.state).toBe('running')
    await db.add(item(1), { durable: true })
  })

  test('while it stops waits for that, and then starts', async () => {
    const store = await openStore()
    const location = await store.db.add(item(1))
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const stopped = store.db.stop()
    const started = store.db.start()
    await gate.reached
    expect(await stateOf(started)).toBe('pending')
    gate.release()
    await Promise.all([stopped, started])
    expect(store.db.state).toBe('running')
    expect(await store.db.read(location)).toEqual(item(1))
  })

  test('while a stop fails is RUNNING: the store runs on as it was', async () => {
    const { db, disk } = await openStore()
    const location = await db.add(item(1))
    inject(disk, fail('NO_SPACE'), { kind: 'append' })
    const stopped = codeOf(db.stop())
    const started = codeOf(db.start())
    expect(await stopped).toBe('NO_SPACE')
    expect(await started).toBe('RUNNING')
    expect(db.state).toBe('running')
    expect(await db.read(location)).toEqual(item(1))
    await db.stop()
    expect(disk.locks).toBe(0)
  })

  test.each([
    ['list', 1],
    ['lock', 1],
    ['create', 1],
    ['append', 1],
    ['sync', 1],
  ] as const)('that fails at %s leaves a stopped store without lock and open files, and works the next time', async (kind, nth) => {
    const { db, disk } = newStore()
    inject(disk, fail('IO'), { kind, nth })
    const error = await failure(db.start())
    expect(['IO', 'FAILED']).toContain(error.code)
    expect(error.cause).toBeDefined()
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
    await db.start()
    await db.add(item(1), { durable: true })
    await db.stop()
  })

  test('of a second writer is LOCKED and says who holds it; it leaves the first one alone', async () => {
    const { db, memory } = await openStore()
    const second = newStore({}, memory)
    const error = await failure(second.db.start())
    expect(error.code).toBe('LOCKED')
    expect(error.message).toContain('in-process lock')
    expect(second.db.state).toBe('stopped')
    await db.add(item(1), { durable: true })
    await db.stop()
    await second.db.start()
    expect((await second.db.stats()).nextSequence).toBe(1)
  })
})

describe('stop', () => {
  test('lays down all that was added, ends the file in a closing block, and gives back lock and files', async () => {
    const store = await openStore()
    const locations = await store.db.addMany(items(10, 50))
    await store.db.stop()
    expect(store.disk.locks).toBe(0)
    expect(store.disk.openFiles).toEqual([])
    expect(store.clock.timers).toEqual([])
    expect([...(await fileLengths(store.memory)).values()]).toEqual([64 + 44 + 10 * 58 + 44])
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('of a store that does not run does nothing', async () => {
    const { db, disk } = newStore()
    await db.stop()
    expect(db.state).toBe('idle')
    await db.start()
    await db.stop()
    const calls = disk.count()
    await db.stop()
    expect(disk.count()).toBe(calls)
    expect(db.state).toBe('stopped')
  })

  test('twice at once is one stop', async () => {
    const { db, disk } = await openStore()
    const events = recordEvents(db)
    await db.add(item(1))
    await Promise.all([db.stop(), db.stop(), db[Symbol.asyncDispose]()])
    expect(events.filter(({ name }) => name === 'stop')).toHaveLength(1)
    expect(disk.count('release')).toBe(1)
  })

  test.each(['append', 'sync'] as const)('during the %s of a flush waits for it, and ends with all that was added', async (kind) => {
    const store = await openStore()
    const gate = inject(store.disk, hold(), { kind })
    const first = await store.db.add(item(1))
    const flushed = store.db.flush()
    await gate.reached
    const second = await store.db.add(item(2))
    const stopped = store.db.stop()
    expect(await stateOf(stopped)).toBe('pending')
    gate.release()
    await flushed
    await stopped
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual([first, second])
  })

  test('lets in first those that wait for room', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB })
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const all = items(20, 100)
    const added = all.map((data, n) => store.db.add(data, { durable: n % 2 === 0 }))
    await gate.reached
    const stopped = store.db.stop()
    gate.release()
    const locations = await Promise.all(added)
    await stopped
    expect(await contentsAfterStop(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
  })

  test('during a start waits for it', async () => {
    const { db, disk } = newStore()
    const gate = inject(disk, hold(), { kind: 'lock' })
    const started = db.start()
    await gate.reached
    const stopped = db.stop()
    expect(await stateOf(stopped)).toBe('pending')
    gate.release()
    await started
    await stopped
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(0)
  })

  test('during a start that fails does nothing', async () => {
    const { db, disk } = newStore()
    inject(disk, fail('PERMISSION'), { kind: 'lock' })
    const started = codeOf(db.start())
    await db.stop()
    expect(await started).toBe('PERMISSION')
    expect(db.state).toBe('stopped')
  })

  test('and start in turn, without waiting for any, come to what was asked last', async () => {
    const { db, disk } = newStore()
    const events = recordEvents(db)
    await Promise.all([db.start(), db.stop(), db.start()])
    expect(db.state).toBe('running')
    await Promise.all([db.stop(), db.start(), db.stop()])
    expect(db.state).toBe('stopped')
    expect(disk.locks).toBe(0)
    expect(events.map(({ name }) => name)).toEqual(['start', 'stop', 'start', 'stop', 'start', 'stop'])
  })

  test('ends readers that are under way, each with its bytes or by name', async () => {
    const { db, disk } = await openStore()
    const location = await db.add(item(100), { durable: true })
    const gate = inject(disk, hold(), { kind: 'read' })
    const read = db.read(location)
    await gate.reached
    const stopped = db.stop()
    expect(await stateOf(stopped)).toBe('pending')
    gate.release()
    expect(await read).toEqual(item(100))
    await stopped
    expect(disk.openFiles).toEqual([])
  })

  test('of a reader ends it', async () => {
    const { memory, db: writer } = await openStore()
    await writer.add(item(1))
    await writer.stop()
    const { db, disk } = await openStore({ readOnly: true }, memory)
    const events = recordEvents(db)
    expect(await contentsOf(db)).toHaveLength(1)
    await db.stop()
    expect(db.state).toBe('stopped')
    expect(disk.openFiles).toEqual([])
    expect(events).toMatchObject([{ name: 'stop' }])
  })

  test('writes nothing where nothing was added since the start', async () => {
    const store = await openStore()
    await store.db.add(item(1))
    await store.db.stop()
    await store.db.start()
    const writes = watchWrites(store.disk)
    await store.db.stop()
    expect(writes()).toEqual([])
  })
})

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
    expect(clock.timers).toEqual([])
    await db.stop()
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

describe('a store that is started again', () => {
  test('goes on where it was, many times over', async () => {
    const store = await openStore({ maxFileSize: KiB })
    const locations = []
    for (let round = 0; round < 20; round++) {
      locations.push(await store.db.add(item(100, round + 1)))
      await store.db.stop()
      await store.db.start()
      expect(await store.db.readMany(locations)).toEqual(locations.map((_, n) => item(100, n + 1)))
    }
    expect((await store.db.stats()).nextSequence).toBe(20)
    await store.db.stop()
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
  })
})

describe('destroy', () => {
  test('removes a stopped store and its container', async () => {
    const { db, memory } = await openStore({ overwrite: true, maxFileSize: 512 })
    const events = recordEvents(db)
    await db.addMany(items(5, 200))
    await db.stop()
    await db.destroy()
    expect(memory.volume.existsSync('/varve')).toBe(false)
    expect(events.at(-1)).toMatchObject({ name: 'destroyDb' })
    await db.start()
    expect((await db.stats()).nextSequence).toBe(0)
  })

  test('of a store that was never started works too', async () => {
    const { db: writer, memory } = await openStore()
    await writer.stop()
    const { db } = newStore({ overwrite: true }, memory)
    await db.destroy()
    expect(memory.volume.existsSync('/varve')).toBe(false)
  })

  test('is RUNNING while it starts, runs, stops, or has failed', async () => {
    const { db, disk } = newStore({ overwrite: true })
    const started = db.start()
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await started
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await db.stop()
    await db.start()
    inject(disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(db.add(item(1), { durable: true }))).toBe('FAILED')
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await db.stop()
    await db.destroy()
  })

  test('is OVERWRITE_DISABLED where that is not allowed, READ_ONLY for a reader, LOCKED beside a writer', async () => {
    const { db, memory } = await openStore()
    const other = newStore({}, memory)
    expect(await codeOf(other.db.destroy())).toBe('OVERWRITE_DISABLED')
    other.db.enableOverwrite()
    expect(await codeOf(other.db.destroy())).toBe('LOCKED')
    await db.stop()
    other.db.disableOverwrite()
    expect(await codeOf(other.db.destroy())).toBe('OVERWRITE_DISABLED')
    expect(await codeOf(newStore({ readOnly: true, overwrite: true }, memory).db.destroy())).toBe('READ_ONLY')
    other.db.enableOverwrite()
    await other.db.destroy()
    expect(memory.volume.existsSync('/varve')).toBe(false)
  })
})

test('a rejected verb changes nothing: the error is the only trace', async () => {
  const store = newStore()
  expect(await rejection(store.db.add('text' as never))).toMatchObject({ code: 'NOT_RUNNING' })
  expect(store.disk.count()).toBe(0)
  expect(store.clock.timers).toEqual([])
})
