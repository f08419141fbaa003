import { fail, hold } from '@varve/backend/faults'
import { KiB, type Location, MiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { item } from './support/items.js'
import { addItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { drain, outcomeOf } from './support/outcome.js'
import { readingCases } from './support/reading-cases.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { flipBit, physical } from './support/stored-bytes.js'
import { openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const
const LARGE = { maxFileSize: 8 * MiB, maxBufferSize: 64 * KiB, overwrite: true } as const

/** A store with an item of a MiB and a bit in its file, which takes five pieces to stream. */
async function withLargeItem(): Promise<TestStore & { location: Location; data: Uint8Array }> {
  const store = await openStore(LARGE)
  const data = item(MiB + 100)
  const location = await store.db.add(data)
  await store.db.flush()
  return { ...store, location, data }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0
}

describe('what a whole stream comes to is what read comes to', () => {
  test.each(readingCases)('$name', async ({ make }) => {
    const { db, location, expected } = await make()
    expect(await outcomeOf(async () => drain(await db.readStream(location)))).toEqual(expected)
  })

  test('for an item of many pieces, none of them larger than a quarter of a MiB', async () => {
    const { db, location, data } = await withLargeItem()
    const pieces: Uint8Array[] = []
    for await (const piece of (await db.readStream(location)) as ReadableStream<Uint8Array>) pieces.push(piece)
    expect(isSame(Buffer.concat(pieces), data)).toBe(true)
    expect(pieces.map(({ length }) => length)).toEqual([256 * KiB, 256 * KiB, 256 * KiB, 256 * KiB, 100])
  })

  test('for a range that is the whole item', async () => {
    const { db, memory, location, data } = await withLargeItem()
    expect(isSame(await drain(await db.readStream(location, { start: 0, end: data.length })), data)).toBe(true)
    flipBit(memory, 'data00000.dat', physical(location.position + 8))
    expect(await codeOf(drain(await db.readStream(location, { start: 0, end: data.length })))).toBe('CORRUPT')
  })

  test('for an item of many pieces in memory', async () => {
    const { db } = await openStore({ maxFileSize: 8 * MiB })
    const data = item(700 * KiB)
    const location = await db.add(data)
    expect(isSame(await drain(await db.readStream(location)), data)).toBe(true)
    expect((await db.stats()).reads).toEqual({ memory: 1, backend: 0 })
  })
})

describe('a damaged item', () => {
  test('ends its stream in CORRUPT instead of closing it, with its last piece held back', async () => {
    const { db, memory, location, data } = await withLargeItem()
    flipBit(memory, 'data00000.dat', physical(location.position + 8 + 1000))
    const reader = ((await db.readStream(location)) as ReadableStream<Uint8Array>).getReader()
    let received = 0
    const reading = (async () => {
      for (;;) received += (await reader.read()).value?.length ?? 0
    })()
    expect(await codeOf(reading)).toBe('CORRUPT')
    expect(received).toBe(MiB)
    expect(received).toBeLessThan(data.length)
  })

  test('is not noticed in a part that is asked for alone: a part can not be checked', async () => {
    const { db, memory, location, data } = await withLargeItem()
    flipBit(memory, 'data00000.dat', physical(location.position + 8 + 1000))
    expect(isSame(await drain(await db.readStream(location, { start: 2000 })), data.subarray(2000))).toBe(true)
  })

  test('is INVALID_LOCATION where the location only looked as if an item of that size began there', async () => {
    const { db } = await openStore(SMALL)
    const outer = new Uint8Array(60)
    outer[20] = 16
    const { index, position } = await db.add(outer)
    await db.flush()
    const stream = await db.readStream({ index, position: position + 28, size: 16 })
    expect(await codeOf(drain(stream))).toBe('INVALID_LOCATION')
  })
})

describe('a range', () => {
  const ranges: [string, { start?: number; end?: number }][] = [
    ['from the middle to the end', { start: 300 * KiB }],
    ['from the beginning to the middle', { end: 300 * KiB }],
    ['in the middle', { start: 100, end: 101 }],
    ['over several pieces', { start: 1, end: MiB }],
    ['the last byte', { start: MiB + 99 }],
    ['nothing at the beginning', { end: 0 }],
    ['nothing at the end', { start: MiB + 100 }],
  ]

  test.each(ranges)('from a file: %s', async (_, range) => {
    const { db, location, data } = await withLargeItem()
    expect(isSame(await drain(await db.readStream(location, range)), data.subarray(range.start ?? 0, range.end))).toBe(true)
  })

  test.each(ranges)('from memory: %s', async (_, range) => {
    const { db } = await openStore({ maxFileSize: 8 * MiB })
    const data = item(MiB + 100)
    const location = await db.add(data)
    expect(isSame(await drain(await db.readStream(location, range)), data.subarray(range.start ?? 0, range.end))).toBe(true)
  })

  test.each([
    ['a negative start', { start: -1 }],
    ['a start behind the end', { start: 11, end: 10 }],
    ['an end behind the item', { end: 21 }],
    ['a start that is a fraction', { start: 0.5 }],
    ['an end that is not a number', { end: Number.NaN }],
  ])('is INVALID_OPTION with %s', async (_, range) => {
    const { db } = await openStore(SMALL)
    const [one] = (await addItems(db, 20)) as [LaidItem]
    expect(await codeOf(db.readStream(one.location, range))).toBe('INVALID_OPTION')
  })

  test('where nothing is stored is undefined, as without it', async () => {
    const { db } = await openStore(SMALL)
    expect(await db.readStream({ index: 3, position: 44, size: 20 }, { start: 1, end: 2 })).toBeUndefined()
  })
})

describe('a stream whose item goes away meanwhile', () => {
  const readAfter = async (
    remove: (store: TestStore, items: LaidItem[]) => Promise<unknown>,
    range: { start?: number; end?: number } = {},
  ) => {
    const store = await openStore(SMALL)
    const items = (await layBlocks(store.db, [20, 1, 24, 30])).flat()
    const stream = await store.db.readStream((items[2] as LaidItem).location, range)
    await remove(store, items)
    return outcomeOf(() => drain(stream))
  }

  const trimLeft = ({ db }: TestStore, items: LaidItem[]) => db.ltrim(0, (items[3] as LaidItem).location.position)
  const trimRight = ({ db }: TestStore, items: LaidItem[]) => db.rtrim(0, (items[2] as LaidItem).location.position)
  const drop = ({ db }: TestStore) => db.dropIndex(0)

  test.each([
    ['an ltrim', trimLeft],
    ['an rtrim', trimRight],
    ['a drop', drop],
  ])('ends in INVALID_LOCATION after %s, whole or in part, and never gives other bytes', async (_, remove) => {
    expect(await readAfter(remove)).toBe('INVALID_LOCATION')
    expect(await readAfter(remove, { start: 1 })).toBe('INVALID_LOCATION')
    expect(await readAfter(remove, { start: 23, end: 24 })).toBe('INVALID_LOCATION')
  })

  test('ends in INVALID_LOCATION after the drop of a file between others', async () => {
    const { db } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    const one = items.find(({ location }) => location.index === 1) as LaidItem
    const stream = await db.readStream(one.location)
    await db.dropIndex(1)
    expect(await outcomeOf(() => drain(stream))).toBe('INVALID_LOCATION')
  })

  test('goes on where the trim spares it', async () => {
    const store = await openStore(LARGE)
    const datas = [item(300 * KiB, 1), item(700 * KiB, 2), item(300 * KiB, 3)]
    const locations = await store.db.addMany(datas)
    await store.db.flush()
    const stream = (await store.db.readStream(locations[1] as Location)) as ReadableStream<Uint8Array>
    const reader = stream.getReader()
    const first = (await reader.read()).value as Uint8Array
    await store.db.ltrim(0, (locations[1] as Location).position)
    const second = (await reader.read()).value as Uint8Array
    await store.db.rtrim(0, (locations[2] as Location).position)
    reader.releaseLock()
    const rest = (await drain(stream)) as Uint8Array
    expect(isSame(Buffer.concat([first, second, rest]), datas[1] as Uint8Array)).toBe(true)
  })

  test('ends in INVALID_LOCATION between two pieces', async () => {
    const { db, location } = await withLargeItem()
    const stream = (await db.readStream(location)) as ReadableStream<Uint8Array>
    const reader = stream.getReader()
    await reader.read()
    await db.dropIndex(0)
    expect(await codeOf(reader.read())).toBe('INVALID_LOCATION')
  })
})

describe('a stream that nobody reads', () => {
  test('reads nothing but the record header, and holds no file', async () => {
    const { db, disk, location } = await withLargeItem()
    const before = disk.calls.length
    await db.readStream(location)
    expect(
      disk.calls
        .slice(before)
        .filter(({ kind }) => kind === 'read')
        .map(({ size }) => size),
    ).toEqual([8])
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('reads no more once it is cancelled', async () => {
    const { db, disk, location } = await withLargeItem()
    const reader = ((await db.readStream(location)) as ReadableStream<Uint8Array>).getReader()
    await reader.read()
    await reader.cancel('enough')
    const before = disk.count('read')
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    expect(disk.count('read')).toBe(before)
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('may be cancelled before its first piece', async () => {
    const { db, location } = await withLargeItem()
    const stream = (await db.readStream(location)) as ReadableStream<Uint8Array>
    await stream.cancel()
    expect(await drain(stream)).toEqual(new Uint8Array(0))
  })
})

describe('a stream that fails', () => {
  test('ends in the error of the backend, by name', async () => {
    const { db, disk, location } = await withLargeItem()
    const stream = await db.readStream(location)
    disk.inject({ kind: 'read', nth: 3, fault: fail('IO') })
    expect(await codeOf(drain(stream))).toBe('IO')
  })

  test('ends in NOT_RUNNING where the store is stopped', async () => {
    const { db, location } = await withLargeItem()
    const stream = await db.readStream(location)
    await db.stop()
    expect(await codeOf(drain(stream))).toBe('NOT_RUNNING')
    expect(await codeOf(db.readStream(location))).toBe('NOT_RUNNING')
  })

  test('ends in the reason of its signal, from a file and from memory', async () => {
    const { db, disk, location } = await withLargeItem()
    expect(await rejection(db.readStream(location, { signal: AbortSignal.abort('early') }))).toBe('early')
    const abort = new AbortController()
    const stream = await db.readStream(location, { signal: abort.signal })
    const gate = hold()
    disk.inject({ kind: 'read', fault: gate })
    const reading = rejection(drain(stream))
    await gate.reached
    abort.abort('late')
    gate.release()
    expect(await reading).toBe('late')

    const [inMemory] = (await addItems(db, 30)) as [LaidItem]
    expect(await rejection(db.readStream(inMemory.location, { signal: AbortSignal.abort('early') }))).toBe('early')
    const other = new AbortController()
    const fromMemory = await db.readStream(inMemory.location, { signal: other.signal })
    other.abort('late')
    expect(await rejection(drain(fromMemory))).toBe('late')
  })

  test('is a TypeError for what is no location', async () => {
    const { db } = await openStore(SMALL)
    expect(await rejection(db.readStream('x' as never))).toBeInstanceOf(TypeError)
  })
})
