import { runInNewContext } from 'node:vm'
import { hold } from '@varve/backend/faults'
import { KiB, type Location, MiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item, items, text } from './support/items.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, contentsOf, fileLengths, inject, openStore } from './support/test-store.js'

failOnUnhandledRejections()

const BLOCK_HEADER = 44
const RECORD_HEADER = 8

describe('what add takes', () => {
  test.each([
    ['a Uint8Array', Uint8Array.of(1, 2, 3)],
    ['a Buffer from the shared pool', Buffer.from([1, 2, 3])],
    ['a part of a larger array', Uint8Array.of(9, 9, 1, 2, 3, 9).subarray(2, 5)],
    ['bytes over a SharedArrayBuffer', new Uint8Array(new SharedArrayBuffer(3)).map((_, at) => at + 1)],
    ['a Uint8Array of another realm', runInNewContext('Uint8Array.of(1, 2, 3)') as Uint8Array],
    ['a subclass of Uint8Array', new (class Bytes extends Uint8Array {})([1, 2, 3])],
  ])('is %s', async (_, data) => {
    const { db } = await openStore()
    const location = await db.add(data)
    expect(location.size).toBe(3)
    expect(await db.read(location)).toEqual(Uint8Array.of(1, 2, 3))
    await db.flush()
    expect(await db.read(location)).toEqual(Uint8Array.of(1, 2, 3))
  })

  test.each([
    ['a string', 'text', 'string'],
    ['an array of numbers', [1, 2, 3], 'Array'],
    ['an ArrayBuffer', new ArrayBuffer(3), 'ArrayBuffer'],
    ['a DataView', new DataView(new ArrayBuffer(3)), 'DataView'],
    ['another typed array', Uint16Array.of(1, 2), 'Uint16Array'],
    ['a clamped array', Uint8ClampedArray.of(1, 2), 'Uint8ClampedArray'],
    ['an object without a prototype', Object.create(null), 'object'],
    ['a number', 7, 'number'],
    ['null', null, 'null'],
    ['nothing', undefined, 'undefined'],
  ])('is not %s: a TypeError says so', async (_, data, name) => {
    const { db } = await openStore()
    const error = await rejection(db.add(data as never))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as TypeError).message).toBe(`an item is a Uint8Array (a Buffer is one), not ${name}`)
    expect((await db.stats()).nextSequence).toBe(0)
  })

  test('is at least one byte', async () => {
    const { db } = await openStore()
    expect(await codeOf(db.add(new Uint8Array(0)))).toBe('EMPTY_ITEM')
    expect(await db.add(item(1))).toEqual({ index: 0, position: BLOCK_HEADER, size: 1 })
  })

  test('is at most what a file holds beside its header, a block header and the closing block', async () => {
    const store = await openStore({ maxFileSize: 512 })
    const most = 512 - 64 - BLOCK_HEADER - BLOCK_HEADER - RECORD_HEADER
    const error = await failure(store.db.add(item(most + 1)))
    expect(error.code).toBe('ITEM_TOO_LARGE')
    expect(error.message).toContain(`${most + 1} bytes`)
    expect(error.message).toContain(`at most ${most}`)
    const location = await store.db.add(item(most))
    expect(await store.db.read(location)).toEqual(item(most))
    await store.db.stop()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([512])
    expect(await contentsAfterStop(store)).toEqual([{ location, data: item(most) }])
  })
})

describe('the place of an item', () => {
  test('is behind a block header, then behind one item after the other', async () => {
    const { db } = await openStore()
    expect(await db.add(item(10))).toEqual({ index: 0, position: 44, size: 10 })
    expect(await db.add(item(300))).toEqual({ index: 0, position: 62, size: 300 })
    await db.flush()
    expect(await db.add(item(1))).toEqual({ index: 0, position: 62 + 308 + 44, size: 1 })
  })

  test('is in order of the calls, which need not wait for each other', async () => {
    const store = await openStore()
    const all = items(100, 33)
    const locations = await Promise.all(all.map((data) => store.db.add(data)))
    await store.db.stop()
    expect(await contentsAfterStop(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
  })

  test('stays the same in memory, in the file, and after a restart', async () => {
    const store = await openStore()
    const all = items(20, 100)
    const locations = await Promise.all(all.map((data) => store.db.add(data)))
    expect(await store.db.readMany(locations)).toEqual(all)
    await store.db.flush()
    expect(await store.db.readMany(locations)).toEqual(all)
    await store.db.stop()
    await store.db.start()
    expect(await store.db.readMany(locations)).toEqual(all)
  })

  test('goes on behind what was there when the store starts again', async () => {
    const store = await openStore()
    const first = await store.db.add(item(10))
    await store.db.stop()
    await store.db.start()
    const second = await store.db.add(item(20))
    // The closing block stands between them.
    expect(second).toEqual({ index: 0, position: first.position + RECORD_HEADER + 10 + BLOCK_HEADER + BLOCK_HEADER, size: 20 })
    await store.db.stop()
    expect(await contentsAfterStop(store)).toEqual([
      { location: first, data: item(10) },
      { location: second, data: item(20) },
    ])
  })
})

describe('the bytes of an item', () => {
  test('are copied at once: a buffer changed right after the call changes nothing', async () => {
    const store = await openStore()
    const data = item(50)
    const added = store.db.add(data)
    data.fill(0)
    const location = await added
    expect(await store.db.read(location)).toEqual(item(50))
    await store.db.flush()
    expect(await store.db.read(location)).toEqual(item(50))
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(50) }])
  })

  test('stay what they were when the buffer is changed after add resolved, also while it is written', async () => {
    const store = await openStore()
    const data = item(50)
    const location = await store.db.add(data)
    data.fill(0)
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const flushed = store.db.flush()
    await gate.reached
    data.fill(1)
    expect(await store.db.read(location)).toEqual(item(50))
    gate.release()
    await flushed
    data.fill(2)
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(50) }])
  })

  test('stay what they were when others are added while they are written', async () => {
    const store = await openStore()
    const location = await store.db.add(item(50, 1))
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const flushed = store.db.flush()
    await gate.reached
    const meanwhile = await store.db.add(item(50, 2))
    gate.release()
    await flushed
    await store.db.flush()
    expect(await contentsAfterCrash(store)).toEqual([
      { location, data: item(50, 1) },
      { location: meanwhile, data: item(50, 2) },
    ])
  })

  test('are not those that read gave out: changing these changes nothing', async () => {
    const { db } = await openStore()
    const location = await db.add(item(50))
    ;(await db.read(location))?.fill(0)
    expect(await db.read(location)).toEqual(item(50))
    await db.flush()
    ;(await db.read(location))?.fill(0)
    expect(await db.read(location)).toEqual(item(50))
  })
})

describe('an item can be read the moment add resolves', () => {
  const readers = async (db: { read(location: Location): Promise<Uint8Array | undefined> }, locations: readonly Location[]) =>
    Promise.all([...locations, ...locations, ...locations].map((location) => db.read(location)))

  test('while it is buffered, while it is written, while it is synced, and after: by any number of readers', async () => {
    const { db, disk } = await openStore()
    const all = items(10, 100)
    const locations = await Promise.all(all.map((data) => db.add(data)))
    const thrice = [...all, ...all, ...all]
    expect(await readers(db, locations)).toEqual(thrice)

    const append = inject(disk, hold({ when: 'after' }), { kind: 'append' })
    const sync = inject(disk, hold(), { kind: 'sync' })
    const flushed = db.flush()
    await append.reached
    expect(await readers(db, locations)).toEqual(thrice)
    append.release()
    await sync.reached
    expect(await readers(db, locations)).toEqual(thrice)
    sync.release()

    // Readers that set off before the end of the flush, and see it end on their way.
    const crossing = readers(db, locations)
    await flushed
    expect(await crossing).toEqual(thrice)
    expect(await readers(db, locations)).toEqual(thrice)
    expect((await db.stats()).reads.backend).toBeGreaterThan(0)
  })

  test('from memory, without asking the backend', async () => {
    const { db, disk } = await openStore()
    const location = await db.add(item(100))
    const reads = disk.count('read')
    expect(await db.read(location)).toEqual(item(100))
    expect(db.readSync(location)).toEqual(item(100))
    expect(disk.count('read')).toBe(reads)
    expect((await db.stats()).reads).toEqual({ memory: 2, backend: 0 })
  })

  test('but not by a place inside it, or by another size', async () => {
    const { db } = await openStore()
    const inner = item(100)
    // What looks like a record inside an item is not one.
    inner.set(Uint8Array.of(4, 0, 0, 0), 10)
    const { index, position, size } = await db.add(inner)
    await db.add(item(100, 2))
    expect(await codeOf(db.read({ index, position: position + RECORD_HEADER + 10, size: 4 }))).toBe('INVALID_LOCATION')
    expect(await codeOf(db.read({ index, position, size: size - 1 }))).toBe('INVALID_LOCATION')
    expect(await codeOf(db.read({ index, position: 0, size }))).toBe('INVALID_LOCATION')
  })

  test('and nothing is where nothing was added yet', async () => {
    const { db } = await openStore()
    const { index, position, size } = await db.add(item(100))
    expect(await db.read({ index, position: position + RECORD_HEADER + size, size: 1 })).toBeUndefined()
    expect(await db.read({ index: index + 1, position, size })).toBeUndefined()
  })
})

describe('the signal of an add', () => {
  test('that is aborted already: nothing is taken, and the reason is given back as it is', async () => {
    const { db } = await openStore()
    expect(await rejection(db.add(item(1), { signal: AbortSignal.abort('enough') }))).toBe('enough')
    expect(await rejection(db.add(item(1), { signal: AbortSignal.abort(), durable: true }))).toHaveProperty('name', 'AbortError')
    expect((await db.stats()).nextSequence).toBe(0)
  })

  test('does nothing to an item that is accepted, be it durable yet or not', async () => {
    const store = await openStore()
    const abort = new AbortController()
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const added = store.db.add(item(1), { signal: abort.signal, durable: true })
    await gate.reached
    abort.abort()
    gate.release()
    const location = await added
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(1) }])
  })
})

describe('a store whose names are used up', () => {
  test('is FULL, keeps and reads all it has, and takes what still fits', async () => {
    const store = await openStore({ maxFileSize: 512, filePadding: 1 })
    const stored: Uint8Array[] = []
    for (let n = 0; n < 10; n++) stored.push(item(200, n + 1))
    const locations = await store.db.addMany(stored)
    expect(locations.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])

    const error = await failure(store.db.add(item(200)))
    expect(error.code).toBe('FULL')
    expect(error.pending).toBe(false)
    expect(await codeOf(store.db.add(item(200), { durable: true }))).toBe('FULL')
    expect(await codeOf(store.db.addMany([item(200)]))).toBe('FULL')

    const small = await store.db.add(item(8), { durable: true })
    expect(small.index).toBe(9)
    expect(await store.db.readMany(locations)).toEqual(stored)
    await store.db.stop()
    expect((await fileLengths(store.memory)).size).toBe(10)
    await store.db.start()
    expect(await codeOf(store.db.add(item(200)))).toBe('FULL')
    expect((await contentsOf(store.db)).map(({ data }) => data)).toEqual([...stored, item(8)])
  })

  test('still lays down by itself what it had taken when it became full', async () => {
    const store = await openStore({ maxFileSize: 512, filePadding: 1, flushInterval: 1000 })
    await store.db.addMany(items(10, 200))
    await store.db.flush()
    const last = await store.db.add(item(100))
    expect(await codeOf(store.db.add(item(204)))).toBe('FULL')
    store.clock.advance(1000)
    await store.db.whenDurable(last)
    expect((await contentsAfterCrash(store)).at(-1)).toEqual({ location: last, data: item(100) })
  })
})

test('adds that are awaited one after the other let the event loop turn now and then', async () => {
  const { db } = await openStore()
  let turned = false
  setImmediate(() => {
    turned = true
  })
  let bytes = 0
  while (!turned && bytes < 16 * MiB) {
    await db.add(item(KiB))
    bytes += KiB
  }
  expect(turned).toBe(true)
  expect(bytes).toBeLessThan(2 * MiB)
})

test('text goes in and comes out as bytes', async () => {
  const { db } = await openStore()
  const location = await db.add(text('Warwe, ein Jahr'))
  await settle()
  expect(new TextDecoder().decode(await db.read(location))).toBe('Warwe, ein Jahr')
})
