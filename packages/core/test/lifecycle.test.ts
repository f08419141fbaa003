import { fail, hold } from '@varve/backend/faults'
import { type FileBackend, KiB, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure } from './support/rejections.js'
import { contentsAfterStop, contentsOf, fileLengths, inject, newStore, openStore, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

const _LOCATION = { index: 0, position: 44, size: 1 }

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
