import { fail } from '@varve/backend/faults'
import { type FailureEvent, KiB, type Logger, type VarveEvents, type WriteEvent } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterStop, inject, newStore, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

test('a life of a store is told in order, each event with the time at which it happened', async () => {
  const { db, clock } = newStore({ maxFileSize: 512 })
  const events = recordEvents(db)
  const start = clock.now()
  await db.start()
  clock.advance(10)
  await db.add(item(200))
  clock.advance(10)
  await db.add(item(200), { durable: true })
  clock.advance(10)
  await db.stop()
  clock.advance(10)
  await db.start()
  expect(events).toMatchObject([
    { name: 'start', timestamp: start, nextSequence: 0 },
    { name: 'write', timestamp: start + 20, index: 0, sequence: 0, count: 1, durable: true },
    { name: 'rotate', timestamp: start + 20, from: 0, to: 1 },
    { name: 'write', timestamp: start + 20, index: 1, sequence: 1, count: 1, durable: true },
    { name: 'stop', timestamp: start + 30, nextSequence: 2 },
    { name: 'start', timestamp: start + 40, nextSequence: 2 },
  ])
})

describe('a write event', () => {
  test('says what was laid down where, and gives the very locations that the adds gave', async () => {
    const { db } = await openStore()
    const writes: WriteEvent[] = []
    db.on('write', (event) => writes.push(event))
    const first = await Promise.all(items(5, 10).map((data) => db.add(data)))
    await db.flush()
    const second = await Promise.all(items(3, 20).map((data) => db.add(data)))
    await db.flush()
    expect(writes).toMatchObject([
      { index: 0, position: 0, bytes: 44 + 5 * 18, count: 5, sequence: 0, durable: true },
      { index: 0, position: 134, bytes: 44 + 3 * 28, count: 3, sequence: 5, durable: true },
    ])
    expect(writes.map((event) => event.locations())).toEqual([first, second])
  })

  test('tells them later too, when the memory of the block is long used for others', async () => {
    const { db } = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB })
    const writes: WriteEvent[] = []
    db.on('write', (event) => writes.push(event))
    const locations = await Promise.all(Array.from({ length: 100 }, (_, n) => db.add(item(1 + (n % 90)))))
    await db.flush()
    expect(writes.length).toBeGreaterThan(10)
    expect(writes.flatMap((event) => event.locations())).toEqual(locations)
    expect(writes.reduce((sum, { count }) => sum + count, 0)).toBe(100)
  })

  test('comes before the promises that wait for it resolve', async () => {
    const { db } = await openStore()
    let told = 0
    db.on('write', ({ count }) => (told += count))
    await db.add(item(1), { durable: true })
    expect(told).toBe(1)
  })

  test('comes when the items can be read from their file and are durable', async () => {
    const { db } = await openStore()
    const seen: unknown[] = []
    db.on('write', (event) => {
      for (const location of event.locations()) seen.push(db.readSync(location), db.state)
    })
    await db.add(item(3), { durable: true })
    expect(seen).toEqual([item(3), 'running'])
  })
})

const NO_ERROR = undefined as unknown as Error

describe('a listener that fails', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no')
      },
    ],
    [
      'throws what is no error',
      () => {
        throw Object.create(null)
      },
    ],
    ['rejects with what is no error', () => Promise.reject(NO_ERROR)],
  ])('is reported and not fatal, and the store goes on: one that %s', async (_, listener) => {
    const store = await openStore()
    const failures: FailureEvent[] = []
    store.db.on('failure', (event) => failures.push(event))
    store.db.on('write', listener)
    const locations = [await store.db.add(item(1), { durable: true }), await store.db.add(item(2), { durable: true })]
    await settle()
    expect(failures).toMatchObject([{ fatal: false }, { fatal: false }])
    for (const { error } of failures) expect(error).toBeInstanceOf(Error)
    expect(store.db.state).toBe('running')
    await store.db.stop()
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('does not keep a start, a stop, a rotation or a failure from coming to its end', async () => {
    const { db, disk } = newStore({ maxFileSize: 512 })
    const broken = () => {
      throw new Error('no')
    }
    for (const name of ['start', 'stop', 'write', 'rotate', 'sync', 'failure'] as const) db.on(name, broken)
    await db.start()
    await Promise.all(items(5, 200).map((data) => db.add(data, { durable: true })))
    await db.stop()
    expect(db.state).toBe('stopped')
    await db.start()
    inject(disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(db.add(item(1), { durable: true }))).toBe('FAILED')
    expect(db.state).toBe('failed')
    await db.start()
    expect(db.state).toBe('running')
  })
})

describe('a listener may use the store', () => {
  test('add from a write event, read, and stop', async () => {
    const store = await openStore()
    const { db } = store
    let stopped: Promise<void> | undefined
    const read: unknown[] = []
    const off = db.on('write', ({ locations }) => {
      off()
      void db.add(item(2))
      read.push(...locations().map((location) => db.readSync(location)))
      stopped = db.stop()
    })
    await db.add(item(1), { durable: true })
    await stopped
    expect(read).toEqual([item(1)])
    expect((await contentsAfterStop(store)).map(({ data }) => data)).toEqual([item(1), item(2)])
  })

  test('that waits for what comes later keeps nobody waiting', async () => {
    const { db } = await openStore()
    db.on('write', async () => {
      await db.flush()
    })
    await db.add(item(1), { durable: true })
    await db.add(item(2), { durable: true })
    await db.stop()
    expect(db.state).toBe('stopped')
  })
})

test('a listener that was taken off hears nothing more', async () => {
  const { db } = await openStore()
  let heard = 0
  const off = db.on('write', () => heard++)
  await db.add(item(1), { durable: true })
  off()
  await db.add(item(2), { durable: true })
  expect(heard).toBe(1)
})

test('there is no listening to what there is not, nor by what is no function', () => {
  const { db } = newStore()
  expect(() => db.on('written' as never, () => {})).toThrow(TypeError)
  expect(() => db.on('write', 'print' as never)).toThrow(TypeError)
})

test('a reader tells of its start what it finds, and of its stop', async () => {
  const writer = await openStore()
  await writer.db.addMany(items(3, 10), { durable: true })
  const { db } = newStore({ readOnly: true }, writer.memory)
  const events = recordEvents(db)
  await db.start()
  await db.stop()
  expect(events).toMatchObject([{ name: 'start', nextSequence: 3 }, { name: 'stop' }])
})

test('a reader that cannot find that out does not start, and leaves nothing open', async () => {
  const writer = await openStore()
  await writer.db.stop()
  const { db, disk } = newStore({ readOnly: true }, writer.memory)
  recordEvents(db)
  inject(disk, fail('IO'), { kind: 'size' })
  expect(await codeOf(db.start())).toBe('IO')
  expect(db.state).toBe('stopped')
  expect(disk.openFiles).toEqual([])
  await db.start()
  expect(db.state).toBe('running')
})

test('listeners stay from one session to the next', async () => {
  const { db } = newStore()
  const starts: VarveEvents['start'][] = []
  db.on('start', (event) => starts.push(event))
  await db.start()
  await db.stop()
  await db.start()
  expect(starts).toHaveLength(2)
})

test('a logger that throws stops nothing', async () => {
  const broken = () => {
    throw new Error('the log is full')
  }
  const logger: Logger = { debug: broken, info: broken, warn: broken, error: broken }
  const store = await openStore({ logger })
  store.db.on('write', async () => {
    throw new Error('no')
  })
  const location = await store.db.add(item(1), { durable: true })
  inject(store.disk, fail('IO'), { kind: 'sync' })
  expect(await codeOf(store.db.add(item(2), { durable: true }))).toBe('FAILED')
  await store.db.start()
  expect(await store.db.read(location)).toEqual(item(1))
  await store.db.stop()
})
