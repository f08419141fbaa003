import { fail, hold } from '@varve/backend/faults'
import { KiB, MiB, VarveError } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { digest, item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { copyFiles } from './support/stored-bytes.js'
import { contentsAfterCrash, contentsAfterStop, contentsOf, inject, openStore, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

test('gives a location for each item, in order', async () => {
  const store = await openStore()
  const all = items(50, 20)
  const locations = await store.db.addMany(all)
  expect(await store.db.readMany(locations)).toEqual(all)
  expect((await contentsOf(store.db, { buffered: true })).map(({ location }) => location)).toEqual(locations)
})

test('takes any iterable, and takes from it as it goes', async () => {
  const { db } = await openStore()
  const taken: number[] = []
  function* generate() {
    for (let n = 1; n <= 3; n++) {
      taken.push(n)
      yield item(n)
    }
  }
  const locations = await db.addMany(generate())
  expect(taken).toEqual([1, 2, 3])
  expect(locations.map(({ size }) => size)).toEqual([1, 2, 3])
  expect(await db.addMany(new Set([item(4)]))).toHaveLength(1)
})

test('has nothing to do for no items', async () => {
  const { db } = await openStore()
  expect(await db.addMany([])).toEqual([])
  expect(await db.addMany([], { durable: true })).toEqual([])
})

test.each([
  ['one item', item(3)],
  ['an async iterable', (async function* () {})()],
  ['an object', {}],
  ['nothing', undefined],
  ['null', null],
])('does not take %s', async (_, what) => {
  const { db } = await openStore()
  const error = await rejection(db.addMany(what as never))
  expect(error).toBeInstanceOf(TypeError)
  expect((error as TypeError).message).toBe('addMany takes an iterable of Uint8Array')
})

test('copies each item when it takes it', async () => {
  const { db } = await openStore()
  const buffer = new Uint8Array(4)
  function* generate() {
    for (let n = 1; n <= 3; n++) yield buffer.fill(n)
  }
  const locations = await db.addMany(generate())
  expect(await db.readMany(locations)).toEqual([1, 2, 3].map((n) => new Uint8Array(4).fill(n)))
})

describe('an array is taken in runs', () => {
  const SMALL = { maxBufferSize: 8 * KiB, maxFileSize: 20 * KiB, maxBufferItems: 150 }

  test.each([
    ['of all sizes', 2, (n: number) => 1 + ((n * 7919) % 900)],
    ['of a byte', 1, () => 1],
    ['as large as the buffer, and larger', 2, (n: number) => 7 * KiB + 512 * (n % 4)],
  ])('and stored in order, in files of at most maxFileSize: items %s', async (_, files, sizeOf) => {
    const all = Array.from({ length: 400 }, (_, n) => item(sizeOf(n), n))
    const store = await openStore(SMALL)
    const locations = await store.db.addMany(all)
    expect((await store.db.stats()).nextSequence).toBe(all.length)
    await store.db.stop()
    for (const bytes of (await copyFiles(store.memory)).values()) expect(bytes.length).toBeLessThanOrEqual(SMALL.maxFileSize)
    const found = await contentsAfterStop(store)
    expect(found.map(({ location }) => location)).toEqual(locations)
    expect(found.map(({ data }) => digest(data))).toEqual(all.map(digest))
    expect(new Set(locations.map(({ index }) => index)).size).toBeGreaterThanOrEqual(files)
  })

  test('that end at what is no item: all before it are stored, none behind it', async () => {
    const { db } = await openStore()
    const error = await failure(db.addMany([...items(100, 20), new Uint8Array(0), ...items(100, 20)]))
    expect(error.code).toBe('EMPTY_ITEM')
    expect(error.locations).toHaveLength(100)
    expect((await contentsOf(db, { buffered: true })).map(({ data }) => data)).toEqual(items(100, 20))
  })

  test('that end at an item whose memory was taken away', async () => {
    const { db } = await openStore()
    const gone = new Uint8Array(8)
    structuredClone(gone, { transfer: [gone.buffer] })
    const error = await failure(db.addMany([...items(3, 20), gone]))
    expect(error.code).toBe('EMPTY_ITEM')
    expect(error.locations).toHaveLength(3)
  })

  test.each([
    ['shorter', (times: number) => 40 - times],
    ['longer', (times: number) => 40 + times],
  ])('of an array that makes its items when asked, each time a %s one: what is stored was given, as a whole', async (_, sizeOf) => {
    const store = await openStore()
    let times = 0
    const made: Uint8Array[] = []
    const given = Array.from({ length: 10 }, () => item(1))
    for (let n = 0; n < given.length; n++) {
      Object.defineProperty(given, n, {
        get() {
          made.push(item(sizeOf(times++), times))
          return made.at(-1)
        },
      })
    }
    const before = await store.db.add(item(20))
    const locations = await store.db.addMany(given)
    const after = await store.db.add(item(30))
    const known = new Set(made.map(digest))
    expect((await store.db.readMany(locations)).filter((found) => !known.has(digest(found)))).toEqual([])
    expect(await store.db.readMany([before, after])).toEqual([item(20), item(30)])
    await store.db.stop()
    expect(await contentsAfterStop(store)).toHaveLength(12)
  })

  test('that end at a hole', async () => {
    const { db } = await openStore()
    const all = items(3, 20)
    delete (all as unknown[])[1]
    expect(await rejection(db.addMany(all))).toBeInstanceOf(TypeError)
    expect((await db.stats()).nextSequence).toBe(1)
  })

  test('none of which goes on where a signal is aborted while it waits', async () => {
    const { db } = await openStore()
    expect(await rejection(db.addMany(items(3, 20), { signal: AbortSignal.abort('enough') }))).toBe('enough')
    expect((await db.stats()).nextSequence).toBe(0)
  })

  test('that end where the block is full of items', async () => {
    const { db, disk } = await openStore({ maxBufferItems: 10 })
    const writes = watchWrites(disk)
    await db.addMany(items(10, 20))
    await settle()
    expect((await db.stats()).buffered.items).toBe(0)
    expect(writes()).toEqual(['append data00000.dat', 'sync data00000.dat'])
  })

  test('and where there is room before the caller can change them', async () => {
    const { db } = await openStore()
    const all = items(5, 20)
    const added = db.addMany(all)
    for (const data of all) data.fill(0)
    all.length = 0
    expect(await db.readMany(await added)).toEqual(items(5, 20))
  })
})

test('is not atomic: an error carries the locations of those before it, which are stored', async () => {
  const store = await openStore()
  const error = await failure(store.db.addMany([item(1), item(2), new Uint8Array(0), item(3)]))
  expect(error.code).toBe('EMPTY_ITEM')
  expect(error.pending).toBe(false)
  expect(error.locations.map(({ size }) => size)).toEqual([1, 2])
  await store.db.stop()
  expect(await contentsAfterStop(store)).toEqual([
    { location: error.locations[0], data: item(1) },
    { location: error.locations[1], data: item(2) },
  ])
})

test('says by a TypeError what is no item; what was before it stays', async () => {
  const { db } = await openStore()
  const error = await rejection(db.addMany([item(1), 'text' as never, item(3)]))
  expect(error).toBeInstanceOf(TypeError)
  expect((error as TypeError).message).toContain('not string')
  expect((await contentsOf(db, { buffered: true })).map(({ data }) => data)).toEqual([item(1)])
})

test('gives back the error of an iterable as it is; what it gave before stays', async () => {
  const { db } = await openStore()
  const cause = new Error('the source dried up')
  function* generate() {
    yield item(1)
    throw cause
  }
  expect(await rejection(db.addMany(generate()))).toBe(cause)
  expect(await contentsOf(db, { buffered: true })).toHaveLength(1)
})

test('closes an iterable that it does not take to its end', async () => {
  const { db } = await openStore()
  let closed = false
  function* generate() {
    try {
      yield item(1)
      yield new Uint8Array(0)
      yield item(2)
    } finally {
      closed = true
    }
  }
  expect(await codeOf(db.addMany(generate()))).toBe('EMPTY_ITEM')
  expect(closed).toBe(true)
})

test('durable, resolves when all are, with one sync', async () => {
  const store = await openStore()
  const gate = inject(store.disk, hold(), { kind: 'sync' })
  const added = store.db.addMany(items(100, 50), { durable: true })
  await gate.reached
  expect(await stateOf(added)).toBe('pending')
  gate.release()
  const locations = await added
  expect((await store.db.stats()).syncs).toBe(1)
  expect(await contentsAfterCrash(store)).toEqual(items(100, 50).map((data, n) => ({ location: locations[n], data })))
})

test('durable, says with the locations that the store failed before they were', async () => {
  const { db, disk } = await openStore()
  const gate = inject(disk, hold(), { kind: 'sync' })
  const added = failure(db.addMany(items(3, 50), { durable: true }))
  await gate.reached
  gate.fail('IO')
  const error = await added
  expect(error.code).toBe('FAILED')
  expect(error.locations).toHaveLength(3)
  expect(error.cause).toBeInstanceOf(VarveError)
})

test('ends with FAILED and its locations where the store fails while it goes on', async () => {
  const { db, disk } = await openStore()
  const kept = await db.add(item(1), { durable: true })
  inject(disk, fail('IO'), { kind: 'sync' })
  const failed = codeOf(db.flush().then(() => db.add(item(2), { durable: true })))
  function* generate() {
    for (let n = 1; ; n++) yield item(KiB, n)
  }
  const error = await failure(db.addMany(generate()))
  expect(error.code).toBe('FAILED')
  expect(error.locations.length).toBeGreaterThan(0)
  expect(await failed).toBe('FAILED')
  expect(await db.read(kept)).toEqual(item(1))
})

test('waits for room, item by item, and keeps the order', async () => {
  const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB })
  const gate = inject(store.disk, hold(), { kind: 'append' })
  const all = items(30, 60)
  const added = store.db.addMany(all)
  await gate.reached
  expect(await stateOf(added)).toBe('pending')
  expect((await store.db.stats()).buffered.bytes).toBeLessThanOrEqual(512)
  gate.release()
  const locations = await added
  await store.db.stop()
  expect(await contentsAfterStop(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
})

test('that waits for room too long carries the locations so far', async () => {
  const { db, disk, clock } = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 500 })
  const gate = inject(disk, hold(), { kind: 'append' })
  const added = failure(db.addMany(items(30, 60)))
  await gate.reached
  await settle()
  clock.advance(500)
  const error = await added
  expect(error.code).toBe('TIMEOUT')
  expect(error.locations.length).toBeGreaterThan(0)
  expect(error.locations.length).toBe((await db.stats()).nextSequence)
  gate.release()
  await db.flush()
  expect((await contentsOf(db)).map(({ location }) => location)).toEqual(error.locations)
})

test('ends with the reason of its signal where that is aborted; what was taken stays', async () => {
  const { db } = await openStore()
  const abort = new AbortController()
  function* generate() {
    yield item(1)
    yield item(2)
    abort.abort('enough')
    yield item(3)
  }
  expect(await rejection(db.addMany(generate(), { signal: abort.signal }))).toBe('enough')
  expect((await contentsOf(db, { buffered: true })).map(({ data }) => data)).toEqual([item(1), item(2)])
})

test('ends while it waits for room when its signal is aborted', async () => {
  const { db, disk } = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB })
  const abort = new AbortController()
  const gate = inject(disk, hold(), { kind: 'append' })
  const added = rejection(db.addMany(items(30, 60), { signal: abort.signal }))
  await gate.reached
  await settle()
  const { nextSequence } = await db.stats()
  abort.abort('enough')
  expect(await added).toBe('enough')
  gate.release()
  await db.flush()
  expect((await db.stats()).nextSequence).toBe(nextSequence)
})

test('lets the event loop turn now and then', async () => {
  const { db } = await openStore()
  let turnedAt = 0
  function* generate() {
    for (let n = 1; n <= 8 * KiB; n++) {
      if (n === 1) setImmediate(() => (turnedAt = n))
      yield item(KiB)
    }
  }
  await db.addMany(generate())
  expect(turnedAt).toBeGreaterThan(0)
  expect(turnedAt).toBeLessThan((2 * MiB) / KiB)
})

test('under way when the store is stopped: takes no more, and every item it took is stored', async () => {
  const store = await openStore()
  let given = 0
  function* generate() {
    for (;;) yield item(4 * KiB, ++given)
  }
  const added = failure(store.db.addMany(generate()))
  await settle(2)
  await store.db.stop()
  const error = await added
  expect(error.code).toBe('NOT_RUNNING')
  expect(error.locations.length).toBeGreaterThan(0)
  const found = await contentsAfterStop(store)
  expect(found.map(({ location }) => location)).toEqual(error.locations)
  expect(found.map(({ data }) => digest(data))).toEqual(error.locations.map((_, n) => digest(item(4 * KiB, n + 1))))
})
