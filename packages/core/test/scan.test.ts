import { getEventListeners } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, hold } from '@varve/backend/faults'
import { KiB, MiB, type ScannedItem, type ScanOptions, type ScanPoint, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item } from './support/items.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { openReader } from './support/reader-store.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, range, sequencesOf, take, within } from './support/scanning.js'
import { BLOCK_HEADER, flipBit, physical } from './support/stored-bytes.js'
import { openStore, type TestStore } from './support/test-store.js'
import { takeTurns } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

/**
 * A store with everything that a scan can meet: several files, several blocks in a file, a restart, items on their own, a transaction across
 * files, an ltrim, an rtrim, a stub between files and files missing before the first; the clock moves on between blocks.
 */
async function variedStore(): Promise<TestStore & { all: ScannedItem[] }> {
  const store = await openStore({ ...SMALL, maxBufferSize: 256 })
  const { db, clock } = store
  const known: LaidItem[] = []
  for (let round = 0; round < 30; round++) {
    clock.advance(round % 4 === 0 ? 0 : 10)
    known.push(...(await addItems(db, 10 + round, 20, 30)))
    if (round % 3 === 0) await db.flush()
    if (round % 7 === 3) known.push(...(await addItems(db, 500)))
    if (round % 10 === 5) known.push(...(await commitItems(db, 200, 300, 400, 250, 10)))
    if (round === 15) {
      await db.stop()
      await db.start()
    }
  }
  await db.flush()
  const gone = new Set<LaidItem>()
  const remove = (fits: (one: LaidItem) => boolean): void => {
    for (const one of known) if (fits(one)) gone.add(one)
  }
  const inFile = (index: number): LaidItem[] => known.filter(({ location }) => location.index === index)
  const left = (inFile(3)[2] as LaidItem).location
  await db.ltrim(3, left.position)
  remove(({ location }) => location.index === 3 && location.position < left.position)
  const right = (inFile(5).at(-2) as LaidItem).location
  await db.rtrim(5, right.position)
  remove(({ location }) => location.index === 5 && location.position >= right.position)
  for (const index of [7, 0, 1]) {
    await db.dropIndex(index)
    remove(({ location }) => location.index === index)
  }
  const all = await collect(db.scan())
  const expected = known.filter((one) => !gone.has(one))
  expect(all.map(({ location }) => location)).toEqual(expected.map(({ location }) => location))
  expect(all.map(({ data }) => data)).toEqual(expected.map(({ data }) => data))
  return { ...store, all }
}

describe('a scan by batches', () => {
  test('gives the items that it gives one by one, none twice, in arrays that are never empty', async () => {
    const { all, db } = await variedStore()
    for (const options of [{}, { reverse: true }, { from: { sequence: (all[7] as ScannedItem).sequence } }, { onDamage: () => {} }]) {
      const batches = await collect(db.scan(options).batches())
      expect(batches.flat()).toEqual(await collect(db.scan(options)))
      expect(batches.every(({ length }) => length > 0)).toBe(true)
      expect(batches.length).toBeLessThan(all.length)
    }
    const places = await collect(db.locations().batches())
    expect(places.flat()).toEqual(await collect(db.locations()))
    await db.stop()
  })

  test('goes on where one by one stopped, and the other way round', async () => {
    const { all, db } = await variedStore()
    const scan = db.scan()
    const batches = scan.batches()
    const seen: ScannedItem[] = []
    for (let turn = 0; ; turn++) {
      const { done, value } = turn % 3 === 0 ? await batches.next() : await scan.next()
      if (done) break
      seen.push(...(Array.isArray(value) ? (value as ScannedItem[]) : [value as ScannedItem]))
    }
    expect(seen).toEqual(all)
    await db.stop()
  })

  test('answers calls in order that are not awaited one by one', async () => {
    const { all, db } = await variedStore()
    const batches = db.scan().batches()
    const asked = await Promise.all(Array.from({ length: all.length + 1 }, () => batches.next()))
    expect(asked.flatMap(({ value }) => value ?? [])).toEqual(all)
    expect(await batches.next()).toEqual({ done: true, value: undefined })
    await db.stop()
  })

  test('ends with the loop over it, also while it waits for what comes', async () => {
    const { db } = await openStore()
    await db.add(item(10, 1), { durable: true })
    const scan = db.scan({ follow: true })
    for await (const items of scan.batches()) {
      expect(items).toHaveLength(1)
      break
    }
    expect(await scan.next()).toEqual({ done: true, value: undefined })
    const waiting = db.scan({ follow: true, from: { sequence: 1 } }).batches()
    const next = waiting.next()
    await settle()
    expect(await waiting.return?.()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    await db.stop()
  })

  test('passes an error on', async () => {
    const { db } = await openStore()
    await addItems(db, 10)
    const stopping = new AbortController()
    const batches = db.scan({ signal: stopping.signal }).batches()
    stopping.abort(new Error('enough'))
    await expect(batches.next()).rejects.toThrow('enough')
    await db.stop()
  })
})

describe('a scan', () => {
  test('gives every item in order of adding, across files, trims, drops, transactions and restarts', async () => {
    const { all, db } = await variedStore()
    expect(all.length).toBeGreaterThan(60)
    expect(new Set(all.map(({ location }) => location.index)).size).toBeGreaterThan(6)
    const sequences = sequencesOf(all)
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    const times = all.map(({ timestamp }) => timestamp)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    await db.stop()
    await db.start()
    expect(await collect(db.scan())).toEqual(all)
  })

  test('numbers items from 0 on, without a gap while nothing is removed', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await commitItems(db, 300, 300, 300, 300)
    const all = await collect(db.scan())
    expect(sequencesOf(all)).toEqual(range(0, all.length))
  })

  test('of an empty store gives nothing', async () => {
    const { db } = await openStore(SMALL)
    expect(await collect(db.scan())).toEqual([])
    expect(await collect(db.scan({ reverse: true }))).toEqual([])
    expect(await collect(db.scan({ from: { sequence: 0 }, to: { sequence: 5 } }))).toEqual([])
  })

  test('gives the same from a real disk', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-scan-'))
    try {
      await using db = await Varve.open(fsBackend(directory), SMALL)
      const items = [...(await fillUpTo(db, 2)), ...(await commitItems(db, 400, 400, 400))]
      const all = await collect(db.scan())
      expect(all.map(({ data }) => data)).toEqual(items.map(({ data }) => data))
      expect(await collect(db.scan({ reverse: true }))).toEqual([...all].reverse())
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('shows only what is durable, and what is durable when it begins', async () => {
    const { db, disk } = await openStore(SMALL)
    const [[first]] = (await layBlocks(db, [20])) as [[LaidItem]]
    await addItems(db, 30)
    expect((await collect(db.scan())).map(({ data }) => data)).toEqual([first.data])
    const gate = hold()
    disk.inject({ kind: 'sync', fault: gate })
    const flushed = db.flush()
    await gate.reached
    expect(sequencesOf(await collect(db.scan()))).toEqual([0])
    const iterator = db.scan()
    expect(sequencesOf(await take(iterator, 1))).toEqual([0])
    gate.release()
    await flushed
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1])
  })

  test('shows nothing that the operating system has and the disk need not, with durability "os"', async () => {
    const { db } = await openStore({ ...SMALL, durability: 'os', maxBufferItems: 1 })
    await addItems(db, 20)
    await settle()
    expect((await db.stats()).flushes).toBe(1)
    expect(await collect(db.scan())).toEqual([])
    expect(sequencesOf(await collect(db.scan({ buffered: true })))).toEqual([0])
    await db.flush()
    expect(sequencesOf(await collect(db.scan()))).toEqual([0])
  })

  test('finds its beginning while files that are placed are yet to be created', async () => {
    const { db, disk, memory } = await openStore({ ...SMALL, maxBufferSize: 900 })
    const items = await fillUpTo(db, 2, 400)
    const before = await collect(db.scan())
    const gate = hold()
    disk.inject({ kind: 'append', fault: gate })
    const [, ahead] = (await addItems(db, 400, 700)) as [LaidItem, LaidItem]
    await settle()
    expect(ahead.location.index).toBe(3)
    expect(await memory.list()).not.toContain('data00003.dat')
    expect(await collect(db.scan({ from: { sequence: 0 } }))).toEqual(before)
    expect(await collect(db.scan({ from: { time: 0 } }))).toEqual(before)
    expect(await collect(db.scan({ from: { location: (items[3] as LaidItem).location } }))).toEqual(before.slice(3))
    expect(await collect(db.scan({ from: { sequence: 1 }, reverse: true }))).toEqual(before.slice(1).reverse())
    gate.release()
  })
})

describe('the bounds of a scan', () => {
  test('are what the documentation says, for every pair of points, forwards and backwards', async () => {
    const { db, all, options, memory, clock } = await variedStore()
    await db.stop()
    const reopened = new Varve(memory, options, clock)
    await reopened.start()
    const last = all.at(-1) as ScannedItem
    const near = (value: number): fc.Arbitrary<number> => fc.integer({ min: -2, max: 2 }).map((by) => value + by)
    const item = fc.constantFrom(...all)
    const point: fc.Arbitrary<ScanPoint> = fc.oneof(
      item.map(({ location }) => ({ location })),
      item.chain(({ location }) =>
        near(location.position).map((position) => ({ location: { ...location, position: Math.max(0, position) } })),
      ),
      fc.record({ index: fc.nat(last.location.index + 2), position: fc.nat(1100), size: fc.constant(1) }).map((location) => ({ location })),
      item.chain(({ sequence }) => near(sequence).map((one) => ({ sequence: one }))),
      fc.constantFrom(Number.NEGATIVE_INFINITY, -1, 0, last.sequence + 1, Number.POSITIVE_INFINITY).map((sequence) => ({ sequence })),
      item.chain(({ timestamp }) => near(timestamp).map((time) => ({ time }))),
      fc.constantFrom(Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY, 1.5).map((time) => ({ time })),
    )
    const lower = fc.oneof(
      fc.constant({}),
      point.map((from) => ({ from })),
      point.map((after) => ({ after })),
    )
    const upper = fc.oneof(
      fc.constant({}),
      point.map((to) => ({ to })),
    )
    await fc.assert(
      fc.asyncProperty(lower, upper, fc.boolean(), async (low, high, reverse) => {
        const options: ScanOptions = { ...low, ...high, reverse }
        const expected = within(all, options)
        expect(await collect(reopened.scan(options))).toEqual(expected)
        expect(await collect(reopened.scan({ ...options, buffered: true }))).toEqual(expected)
        const locations = expected.map(({ location, sequence, timestamp }) => ({ location, sequence, timestamp }))
        expect(await collect(reopened.locations(options))).toEqual(locations)
      }),
      { numRuns: 150 },
    )
    await reopened.stop()
  })

  test('begin behind an item that is not there any more', async () => {
    const { db } = await openStore(SMALL)
    const [[a, b], [c, d]] = (await layBlocks(db, [20, 30], [40, 50])) as [[LaidItem, LaidItem], [LaidItem, LaidItem]]
    await db.ltrim(0, d.location.position)
    for (const { location } of [a, b, c]) {
      expect((await collect(db.scan({ after: { location } }))).map(({ data }) => data)).toEqual([d.data])
      expect((await collect(db.scan({ from: { location } }))).map(({ data }) => data)).toEqual([d.data])
    }
    expect(await collect(db.scan({ after: { location: d.location } }))).toEqual([])
  })

  test('find a time where the last file has nothing in it yet', async () => {
    const { db, clock } = await openStore(SMALL)
    const items = (await layBlocks(db, [20], [30])).flat() as [LaidItem, LaidItem]
    const before = clock.now()
    await db.rtrim(0, items[1].location.position)
    expect((await db.stats()).lastIndex).toBe(1)
    expect(sequencesOf(await collect(db.scan({ from: { time: before } })))).toEqual([0])
    expect(await collect(db.scan({ after: { time: before } }))).toEqual([])
    expect(sequencesOf(await collect(db.scan({ from: { time: 0 }, reverse: true })))).toEqual([0])
  })

  test('look into few files, however many there are', async () => {
    const { db, disk, memory, options } = await openStore({ maxFileSize: 512 })
    await fillUpTo(db, 99, 300)
    await db.stop()
    const { db: reopened, disk: counted } = await openStore(options, memory)
    expect(disk.openFiles).toEqual([])
    const before = counted.count('open')
    const found = await collect(reopened.scan({ from: { sequence: 77 }, to: { sequence: 79 } }))
    expect(sequencesOf(found)).toEqual([77, 78])
    expect(counted.count('open') - before).toBeLessThan(12)
  })

  test.each([
    ['both from and after', { from: { sequence: 1 }, after: { sequence: 2 } }],
    ['a point that is a number', { from: 5 }],
    ['a point of two kinds', { to: { sequence: 1, time: 1 } }],
    ['a point that is null', { to: null }],
    ['an empty point', { after: {} }],
    ['a sequence that is text', { from: { sequence: '1' } }],
    ['a time that is not a number', { from: { time: Number.NaN } }],
    ['a location that is none', { from: { location: {} } }],
    ['a flag that is none', { reverse: 1 }],
    ['reverse and follow', { reverse: true, follow: true }],
  ])('are a TypeError at once: %s', async (_, options) => {
    const { db } = await openStore()
    expect(() => db.scan(options as never)).toThrow(TypeError)
    expect(() => db.locations(options as never)).toThrow(TypeError)
  })

  test('are INVALID_LOCATION at once with a location that none can be', async () => {
    const { db } = await openStore()
    expect(codeThrownBy(() => db.scan({ from: { location: { index: 0, position: 0, size: 0 } } }))).toBe('INVALID_LOCATION')
  })
})

describe('a scan while the store changes', () => {
  /** A scan that stands behind its first item, in the middle of a block that is read in several pieces. */
  async function inTheMiddle(): Promise<TestStore & { items: LaidItem[]; iterator: AsyncIterableIterator<ScannedItem> }> {
    const store = await openStore({ maxFileSize: 16 * MiB, maxBufferSize: 8 * MiB, overwrite: true })
    const items = (
      await layBlocks(
        store.db,
        Array.from({ length: 6 }, () => 600 * KiB),
        [10, 20],
      )
    ).flat()
    const iterator = store.db.scan()
    await take(iterator, 1)
    return { ...store, items, iterator }
  }

  test('gives nothing twice where the file is trimmed behind it', async () => {
    const { db, items, iterator } = await inTheMiddle()
    await db.ltrim(0, (items[1] as LaidItem).location.position)
    expect(sequencesOf(await collect(iterator))).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('leaves out what was trimmed before it got there', async () => {
    const { db, items, iterator } = await inTheMiddle()
    await db.ltrim(0, (items[4] as LaidItem).location.position)
    const rest = sequencesOf(await collect(iterator))
    // What was read together with the first item may be shown still.
    expect([
      [4, 5, 6, 7],
      [1, 4, 5, 6, 7],
    ]).toContainEqual(rest)
  })

  test('ends where the rest was trimmed', async () => {
    const { db, items, iterator } = await inTheMiddle()
    await db.rtrim(0, (items[3] as LaidItem).location.position)
    await layBlocks(db, [30])
    expect(sequencesOf(await collect(iterator))).toEqual([1, 2])
  })

  test('goes on in the next file where its own is dropped', async () => {
    const { db } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    const iterator = db.scan()
    await take(iterator, 1)
    await db.dropIndex(1)
    await db.dropIndex(0)
    const found = sequencesOf(await collect(iterator))
    const inFirst = items.filter(({ location }) => location.index === 0).length
    const left = items.flatMap(({ location }, n) => (location.index > 1 ? [n] : []))
    expect(found.filter((sequence) => sequence >= inFirst)).toEqual(left)
  })

  test.each([false, true])('gives nothing twice where its file was closed for others meanwhile (reverse: %s)', async (reverse) => {
    const { db: first, memory } = await openStore({ maxFileSize: 16 * MiB, maxBufferSize: 8 * MiB })
    await layBlocks(first, [500 * KiB, 500 * KiB, 500 * KiB, 500 * KiB, 500 * KiB])
    await first.stop()
    const { db, disk } = await openStore({ maxFileSize: 512 }, memory)
    const items = await fillUpTo(db, 80, 250)
    const iterator = db.scan({ to: { sequence: 5 }, reverse })
    const before = sequencesOf(await take(iterator, 2))
    for (const { location } of items) await db.read(location)
    expect(disk.openFiles).not.toContain('data00000.dat')
    const after = sequencesOf(await collect(iterator))
    expect([...before, ...after]).toEqual(reverse ? [4, 3, 2, 1, 0] : [0, 1, 2, 3, 4])
  })

  test('goes on while adds, flushes and rotation do', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferItems: 4 })
    takeTurns(disk)
    const items = await fillUpTo(db, 2)
    let isDone = false
    const adding = (async () => {
      while (!isDone) await addItems(db, 50, 60)
    })()
    for (let round = 0; round < 5; round++) {
      const found = await collect(db.scan())
      expect(sequencesOf(found)).toEqual(range(0, found.length))
      expect(found.length).toBeGreaterThanOrEqual(items.length)
    }
    isDone = true
    await adding
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('rejects with NOT_RUNNING where the store is stopped', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const iterator = db.scan()
    await take(iterator, 1)
    await db.stop()
    expect(await codeOf(collect(iterator))).toBe('NOT_RUNNING')
    expect(codeThrownBy(() => db.scan())).toBe('NOT_RUNNING')
    expect(codeThrownBy(() => db.locations())).toBe('NOT_RUNNING')
  })

  test('shows what is durable once the store has failed', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    await addItems(db, 40)
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await codeOf(db.flush())
    expect(db.state).toBe('failed')
    expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1])
    expect(sequencesOf(await collect(db.scan({ reverse: true })))).toEqual([1, 0])
  })
})

describe('damage', () => {
  test.each([
    ['in an item', (items: LaidItem[]) => physical((items[4] as LaidItem).location.position + 9)],
    ['in the length of an item', (items: LaidItem[]) => physical((items[4] as LaidItem).location.position)],
    ['in the size of the last item of a block', (items: LaidItem[]) => physical((items[5] as LaidItem).location.position + 1)],
    ['in a block header', (items: LaidItem[]) => physical((items[3] as LaidItem).location.position - BLOCK_HEADER + 10)],
  ])('%s ends a scan in CORRUPT, after what comes before it', async (where, place) => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [25, 35, 45], [10, 11, 12])).flat()
    await db.stop()
    await db.start()
    flipBit(memory, 'data00000.dat', place(items))
    const found: number[] = []
    const scanning = (async () => {
      for await (const { sequence } of db.scan()) found.push(sequence)
    })()
    expect(await codeOf(scanning)).toBe('CORRUPT')
    expect(found.slice(0, 3)).toEqual([0, 1, 2])
    expect(found.every((sequence) => sequence < (where === 'in the size of the last item of a block' ? 5 : 4))).toBe(true)
  })

  test('in an item does not keep its location from being named, damage to its length does', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40])).flat() as [LaidItem, LaidItem, LaidItem]
    flipBit(memory, 'data00000.dat', physical(items[1].location.position + 9))
    expect((await collect(db.locations())).map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    flipBit(memory, 'data00000.dat', physical(items[1].location.position))
    expect(await codeOf(collect(db.locations()))).toBe('CORRUPT')
  })

  test('is told of as what it is: of a block header, or of the records behind one', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, second] = (await layBlocks(db, [20], [30], [40])) as [LaidItem[], [LaidItem], LaidItem[]]
    const { position } = second[0].location
    const { reader } = await openReader(memory)
    flipBit(memory, 'data00000.dat', physical(position + 9))
    await expect(collect(reader.scan())).rejects.toThrow(/the records of the block there are not those that its header tells of$/)
    flipBit(memory, 'data00000.dat', physical(position - BLOCK_HEADER))
    await expect(collect(reader.scan())).rejects.toThrow(/a block header was expected there$/)
    await reader.stop()
  })

  test('behind the bounds does not matter', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20], [30], [40])).flat() as [LaidItem, LaidItem, LaidItem]
    flipBit(memory, 'data00000.dat', physical(items[2].location.position + 9))
    expect(sequencesOf(await collect(db.scan({ to: { sequence: 2 } })))).toEqual([0, 1])
  })

  test('is FILE_MISSING where a file between others is gone', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    await memory.remove('data00001.dat')
    expect(await codeOf(collect(db.scan()))).toBe('FILE_MISSING')
    expect(await codeOf(collect(db.scan({ reverse: true })))).toBe('FILE_MISSING')
  })
})

describe('a scan that is left', () => {
  test('by break in the middle holds no file and reads no more', async () => {
    const { db, disk } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    for await (const { sequence } of db.scan()) if (sequence === 2) break
    const before = disk.calls.length
    await settle()
    expect(disk.calls.length).toBe(before)
    await db.dropIndex(0)
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('by return before its first item never begins', async () => {
    const { db, disk } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const iterator = db.scan()
    const before = disk.calls.length
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(disk.calls.length).toBe(before)
  })

  test('by return gives nothing more, though items were read ahead', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30, 40])
    const iterator = db.scan()
    await take(iterator, 1)
    await iterator.return?.()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test('by an error in the loop, likewise', async () => {
    const { db, disk } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const failing = (async () => {
      for await (const { sequence } of db.scan()) if (sequence === 1) throw new Error('no')
    })()
    expect(await rejection(failing)).toEqual(new Error('no'))
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })
})

describe('calls of next that do not wait for each other', () => {
  test('are answered in order', async () => {
    const { db } = await openStore({ ...SMALL, maxBufferItems: 2 })
    await fillUpTo(db, 1)
    const iterator = db.scan()
    const results = await Promise.all(Array.from({ length: 6 }, () => iterator.next()))
    expect(results.map(({ value }) => (value as ScannedItem).sequence)).toEqual(range(0, 6))
  })

  test('are all told of the end', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const iterator = db.scan()
    const results = await Promise.all(Array.from({ length: 4 }, () => iterator.next()))
    expect(results.map(({ done }) => done)).toEqual([false, true, true, true])
  })

  test('go on after one that failed', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    disk.inject({ kind: 'read', fault: fail('IO') })
    const iterator = db.scan()
    const [first, second] = [codeOf(iterator.next()), iterator.next()]
    expect(await first).toBe('IO')
    expect(await second).toEqual({ done: true, value: undefined })
  })
})

describe('the signal of a scan', () => {
  test('that is aborted already ends it with its reason', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    expect(await rejection(collect(db.scan({ signal: AbortSignal.abort('early') })))).toBe('early')
    expect(await rejection(collect(db.scan({ reverse: true, signal: AbortSignal.abort('early') })))).toBe('early')
  })

  test.each([false, true])('that is aborted in the middle ends it with its reason (reverse: %s)', async (reverse) => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const abort = new AbortController()
    const scanning = (async () => {
      for await (const { location } of db.scan({ reverse, signal: abort.signal })) if (location.index === 2) abort.abort('enough')
    })()
    expect(await rejection(scanning)).toBe('enough')
  })

  test.each(['to its end', 'by break', 'to an error', 'to its abortion'])('keeps no listener of a scan that went %s', async (how) => {
    const { db, disk } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const abort = new AbortController()
    const { signal } = abort
    const scanning = async (): Promise<void> => {
      if (how === 'to an error') disk.inject({ kind: 'read', fault: fail('IO') })
      for await (const _ of db.scan({ signal })) {
        if (how === 'by break') break
        if (how === 'to its abortion') abort.abort('enough')
      }
    }
    await scanning().catch(() => undefined)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('locations', () => {
  test('are those of the items, and the items are not read', async () => {
    const { db, disk } = await openStore({ maxFileSize: 8 * MiB, maxBufferSize: 4 * MiB })
    const items = (await layBlocks(db, [MiB, MiB, 10], [20])).flat()
    const before = disk.calls.length
    const found = await collect(db.locations())
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    expect(found.map((one) => Object.keys(one).sort())).toEqual(items.map(() => ['location', 'sequence', 'timestamp']))
    const read = disk.calls.slice(before).reduce((sum, { kind, size }) => sum + (kind === 'read' ? (size ?? 0) : 0), 0)
    expect(read).toBeLessThan(items.length * 1100 * KiB)
  })
})

describe('an item larger than what is read at once', () => {
  test.each([false, true])('comes through whole, and so do its neighbours (reverse: %s)', async (reverse) => {
    const { db } = await openStore({ maxFileSize: 16 * MiB, maxBufferSize: 8 * MiB })
    const datas = [item(10), item(3 * MiB), item(MiB), item(700 * KiB), item(700 * KiB), item(20)]
    await db.addMany(datas)
    await db.flush()
    const found = await collect(db.scan({ reverse }))
    if (reverse) found.reverse()
    expect(found.length).toBe(datas.length)
    for (const [n, { data }] of found.entries()) expect(Buffer.compare(data, datas[n] as Uint8Array)).toBe(0)
  })

  test('is read ahead no further than the window: a scan waits for nothing it does not need', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const iterator = db.scan()
    expect(await stateOf(iterator.next())).toBe('resolved')
  })
})
