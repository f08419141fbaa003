import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { act, fail, faultyBackend, hold } from '@varve/backend/faults'
import { type Location, type ScannedItem, type StartEvent, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { drain, outcomeOf } from './support/outcome.js'
import { openReader } from './support/reader-store.js'
import { readingCases } from './support/reading-cases.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect, range, sequencesOf, take } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, fileOf, flipBit, overwrite, physical, type StoredFiles } from './support/stored-bytes.js'
import { openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('a store that is opened to read', () => {
  test('refuses whatever would change it', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader } = await openReader(memory, { overwrite: true })
    expect(await codeOf(reader.add(new Uint8Array(1)))).toBe('READ_ONLY')
    expect(await codeOf(reader.addMany([new Uint8Array(1)]))).toBe('READ_ONLY')
    expect(await codeOf(reader.flush())).toBe('READ_ONLY')
    expect(await codeOf(reader.whenDurable({ index: 0, position: 44, size: 20 }))).toBe('READ_ONLY')
    expect(await codeOf(reader.ltrim(0, 44))).toBe('READ_ONLY')
    expect(await codeOf(reader.rtrim(0, 44))).toBe('READ_ONLY')
    expect(await codeOf(reader.dropIndex(0))).toBe('READ_ONLY')
    expect(codeThrownBy(() => reader.transaction())).toBe('READ_ONLY')
    await reader.stop()
    expect(await codeOf(reader.destroy())).toBe('READ_ONLY')
  })

  test('takes no lock and changes nothing, beside a writer and beside other readers', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    const before = await copyFiles(memory)
    const readers = await Promise.all([openReader(memory), openReader(memory), openReader(memory)])
    for (const { reader, disk } of readers) {
      for (const { location, data } of items) expect(await reader.read(location)).toEqual(data)
      expect(sequencesOf(await collect(reader.scan()))).toEqual(range(0, items.length))
      await reader.stop()
      for (const kind of ['lock', 'create', 'append', 'sync', 'truncate', 'replace', 'remove'] as const) expect(disk.count(kind)).toBe(0)
      expect(disk.openFiles).toEqual([])
    }
    expect(await copyFiles(memory)).toEqual(before)
  })

  test('is NOT_FOUND where there is no store, and makes nothing', async () => {
    const memory = memoryBackend()
    for (const create of [true, false]) {
      const reader = new Varve(memory, { readOnly: true, create })
      expect(await codeOf(reader.start())).toBe('NOT_FOUND')
      expect(reader.state).toBe('stopped')
    }
    expect(memory.volume.toJSON()).toEqual({})
  })

  test('reads on a real disk what another wrote', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-read-only-'))
    try {
      await using db = await Varve.open(fsBackend(directory), SMALL)
      await using reader = await Varve.open(fsBackend(directory), { readOnly: true })
      const items = await fillUpTo(db, 2)
      for (const { location, data } of items) {
        expect(await reader.read(location)).toEqual(data)
        expect(reader.readSync(location)).toEqual(data)
      }
      expect(sequencesOf(await collect(reader.scan()))).toEqual(range(0, items.length))
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('tells where the writer stands, in its start event and in stats', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    const reader = new Varve(memory, { readOnly: true })
    const starts: StartEvent[] = []
    reader.on('start', (event) => void starts.push(event))
    await reader.start()
    expect(starts.map(({ nextSequence }) => nextSequence)).toEqual([items.length])
    const { bytes } = await db.stats()
    expect(await reader.stats()).toMatchObject({
      state: 'running',
      files: 3,
      firstIndex: 0,
      lastIndex: 2,
      bytes,
      firstSequence: 0,
      nextSequence: items.length,
      durableSequence: items.length,
      buffered: { items: 0, bytes: 0 },
      flushes: 0,
      syncs: 0,
      lock: undefined,
    })
    await fillUpTo(db, 4)
    await db.dropIndex(0)
    const later = await reader.stats()
    const now = await db.stats()
    expect(later).toMatchObject({
      firstIndex: 1,
      lastIndex: 4,
      files: 4,
      firstSequence: now.firstSequence,
      nextSequence: now.nextSequence,
      bytes: now.bytes,
    })
    await db.stop()
    expect((await reader.stats()).nextSequence).toBe(now.nextSequence)
    await reader.stop()
  })

  test('is NOT_RUNNING once it is stopped, for what it began before too', async () => {
    const { db, memory } = await openStore(SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    const { reader, disk } = await openReader(memory)
    const scan = reader.scan()
    await scan.next()
    const gate = hold()
    disk.inject({ kind: 'open', fault: gate })
    const reading = outcomeOf(() => reader.read(first.location))
    const stopping = reader.stop()
    gate.release()
    await stopping
    expect(disk.openFiles).toEqual([])
    expect([first.data, 'NOT_RUNNING']).toContainEqual(await reading)
    expect(await codeOf(collect(scan))).toBe('NOT_RUNNING')
    expect(await codeOf(reader.read(first.location))).toBe('NOT_RUNNING')
  })
})

describe('what a reader reads by location is what a writer reads', () => {
  test.each(readingCases)('$name', async ({ make }) => {
    const { memory, location, expected } = await make()
    // What is only in the writer's memory nobody else can see.
    if (!memory) return
    const { reader } = await openReader(memory)
    expect(await outcomeOf(() => reader.read(location))).toEqual(expected)
    expect(await outcomeOf(() => reader.readSync(location))).toEqual(expected)
    const many = await outcomeOf(() => reader.readMany([location, location]))
    expect(many).toEqual(typeof expected === 'string' ? expected : [expected, expected])
  })
})

describe('a reader beside a writer that goes on', () => {
  const each = [
    ['read', (reader: Varve, location: Location) => outcomeOf(() => reader.read(location))],
    ['readSync', (reader: Varve, location: Location) => outcomeOf(() => reader.readSync(location))],
    ['readMany', async (reader: Varve, location: Location) => ((await outcomeOf(() => reader.readMany([location]))) as unknown[])[0]],
  ] as const

  test.each(each)('finds by %s what was added since, in the same file and in new ones', async (_, read) => {
    const { db, memory } = await openStore(SMALL)
    const [[first]] = (await layBlocks(db, [20])) as [[LaidItem]]
    const { reader } = await openReader(memory)
    expect(await read(reader, first.location)).toEqual(first.data)
    for (const { location, data } of await fillUpTo(db, 3)) expect(await read(reader, location)).toEqual(data)
    await reader.stop()
  })

  test.each(each)('finds by %s what was added to the current file after its trim', async (_, read) => {
    const { db, memory } = await openStore(SMALL)
    const [a, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const { reader } = await openReader(memory)
    expect(await read(reader, a.location)).toEqual(a.data)
    await db.ltrim(0, b.location.position)
    const [c] = (await layBlocks(db, [40])).flat() as [LaidItem]
    expect(c.location.index).toBe(0)
    expect(await read(reader, c.location)).toEqual(c.data)
    expect(await read(reader, b.location)).toEqual(b.data)
    expect(await read(reader, a.location)).toBeUndefined()
    await reader.stop()
  })

  test.each(each)('finds nothing by %s where files were dropped that it has not opened', async (_, read) => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 5)
    const { reader } = await openReader(memory)
    for (const index of [0, 1, 2]) await db.dropIndex(index)
    for (const { location, data } of items) expect(await read(reader, location)).toEqual(location.index < 3 ? undefined : data)
    await reader.stop()
  })

  test.each(each)('says by %s FILE_MISSING where a file is gone that was not dropped', async (name, read) => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 5)
    const { reader } = await openReader(memory)
    await memory.remove('data00003.dat')
    const lost = items.find(({ location }) => location.index === 3) as LaidItem
    if (name === 'readMany') expect(await codeOf(reader.readMany([lost.location]))).toBe('FILE_MISSING')
    else expect(await read(reader, lost.location)).toBe('FILE_MISSING')
    expect(await codeOf(collect(reader.scan()))).toBe('FILE_MISSING')
    expect(await codeOf(collect(reader.scan({ reverse: true })))).toBe('FILE_MISSING')
    await reader.stop()
  })

  test.each([false, true])(
    'scans what is there now, whatever was added, trimmed and dropped since it was opened (reverse: %s)',
    async (reverse) => {
      const { db, memory } = await openStore(SMALL)
      await fillUpTo(db, 2)
      const { reader } = await openReader(memory)
      const look = async (): Promise<void> => {
        const expected = await collect(db.scan({ reverse }))
        expect(await collect(reader.scan({ reverse }))).toEqual(expected)
        expect(await collect(reader.locations({ reverse }))).toEqual(expected.map(({ data, ...rest }) => rest))
      }
      await look()
      const more = await fillUpTo(db, 5)
      await look()
      const { index, position } = (more.at(-1) as LaidItem).location
      await layBlocks(db, [20, 30])
      await db.ltrim(index, position)
      await layBlocks(db, [40])
      await look()
      await db
        .rtrim(3, 500)
        .catch(() => db.rtrim(3, (more.filter(({ location }) => location.index === 3)[2] as LaidItem).location.position))
      await look()
      await db.dropIndex(4)
      await look()
      for (const gone of [0, 1, 2]) await db.dropIndex(gone)
      await look()
      await fillUpTo(db, 9)
      for (const gone of [3, 5, 6, 7, 8]) await db.dropIndex(gone)
      await look()
      expect((await collect(reader.scan())).length).toBeGreaterThan(0)
      await reader.stop()
    },
  )

  test.each([1, 2, 3])('scans from every kind of point after %s files before it were dropped', async (count) => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    const { reader } = await openReader(memory)
    for (const index of range(0, count)) await db.dropIndex(index)
    const all = await collect(db.scan())
    const { location } = items[0] as LaidItem
    const last = (all.at(-1) as ScannedItem).timestamp
    for (const from of [{ sequence: 0 }, { time: 0 }, { time: last }, { location }])
      expect(await collect(reader.scan({ from }))).toEqual(all)
    expect(await collect(reader.scan({ from: { time: last + 1 } }))).toEqual([])
    await reader.stop()
  })

  test('has nothing in memory, so that a buffered scan is a plain one', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    await addItems(db, 20)
    const { reader } = await openReader(memory)
    const plain = await collect(reader.scan())
    expect(await collect(reader.scan({ buffered: true }))).toEqual(plain)
    expect(await collect(reader.scan({ buffered: true, reverse: true }))).toEqual([...plain].reverse())
    const iterator = reader.scan({ buffered: true, follow: true })
    await take(iterator, plain.length)
    const next = iterator.next()
    await db.flush()
    expect((await next).value?.sequence).toBe(plain.length)
    await reader.stop()
  })

  test('of an empty store shows nothing, and tells so in stats', async () => {
    const { memory } = await openStore(SMALL)
    const { reader } = await openReader(memory)
    expect(await collect(reader.scan())).toEqual([])
    expect(await collect(reader.scan({ reverse: true, from: { time: 0 } }))).toEqual([])
    expect(await reader.stats()).toMatchObject({ files: 1, nextSequence: 0, bytes: 64 })
    await reader.stop()
  })

  test('is the error of the medium where it can not find out whether a file was dropped', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 4)
    const { reader, disk } = await openReader(memory)
    await memory.remove('data00002.dat')
    const lost = items.find(({ location }) => location.index === 2) as LaidItem
    disk.inject({ kind: ['open', 'openSync'], nth: 2, fault: fail('IO') })
    expect(await codeOf(reader.read(lost.location))).toBe('IO')
    disk.inject({ kind: ['open', 'openSync'], nth: 2, fault: fail('IO') })
    expect(codeThrownBy(() => reader.readSync(lost.location))).toBe('IO')
    await reader.stop()
  })

  test('does not take a list for the truth that was half read while files were dropped', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const inner = faultyBackend(memory)
    let lists = 0
    const racing = { ...inner, list: async () => (lists++ === 0 ? ['data00000.dat', 'data00003.dat'] : inner.list()) }
    const reader = await Varve.open(racing, { readOnly: true })
    expect(lists).toBe(2)
    expect((await reader.stats()).files).toBe(4)
    await reader.stop()
  })

  test('opens where a file is gone, gives every item that is left, and says which file that is', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 4)
    await memory.remove('data00002.dat')
    const { reader } = await openReader(memory)
    for (const { location, data } of items)
      expect(await outcomeOf(() => reader.read(location))).toEqual(location.index === 2 ? 'FILE_MISSING' : data)
    const found: number[] = []
    const scanning = (async () => {
      for await (const { sequence } of reader.scan()) found.push(sequence)
    })()
    const error = await failure(scanning)
    expect(error.code).toBe('FILE_MISSING')
    expect(error.message).toContain('data00002.dat')
    expect(found).toEqual(range(0, items.filter(({ location }) => location.index < 2).length))
    expect(await codeOf(collect(reader.scan({ from: { location: { index: 2, position: 44, size: 1 } } })))).toBe('FILE_MISSING')
    expect(await codeOf(collect(reader.scan({ reverse: true })))).toBe('FILE_MISSING')
    await reader.stop()
  })

  test('opens though every file that it listed is dropped meanwhile', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const disk = faultyBackend(memory)
    const gate = hold()
    disk.inject({ kind: 'open', fault: gate })
    const reader = new Varve(disk, { readOnly: true })
    const starting = reader.start()
    await gate.reached
    const [last] = (await fillUpTo(db, 4)).slice(-1) as [LaidItem]
    for (const index of [0, 1, 2, 3]) await db.dropIndex(index)
    gate.release()
    await starting
    expect(await reader.read(last.location)).toEqual(last.data)
    await reader.stop()
  })
})

describe('a reader of what a crash left behind', () => {
  /** The files of a store whose last file has three blocks of a known length at its end. */
  async function crashed(): Promise<{ files: StoredFiles; items: LaidItem[]; store: TestStore }> {
    const store = await openStore(SMALL)
    const items = await fillUpTo(store.db, 1)
    items.push(...(await layBlocks(store.db, [20, 30], [40], [50, 60])).flat())
    return { files: await copyFiles(store.memory), items, store }
  }

  test('shows whole blocks only, at every length of the last file, and changes nothing', async () => {
    const { files, items } = await crashed()
    const name = 'data00001.dat'
    const whole = fileOf(files, name)
    // Where each block of the last file ends, and the items before that.
    const inFile0 = items.filter(({ location }) => location.index === 0).length
    const ends = [0, 1, 3, 4, 6].map((count) => {
      const last = items[inFile0 + count - 1] as LaidItem
      return { count: inFile0 + count, end: count === 0 ? 0 : physical(last.location.position + 8 + last.location.size) }
    })
    for (const length of [
      ...range(0, whole.length).filter((n) => n % 5 === 0),
      ...ends.flatMap(({ end }) => [end - 1, end, end + 1, end + 44]),
    ]) {
      if (length > whole.length || length < 0) continue
      const memory = await diskOf(new Map(files).set(name, whole.subarray(0, length)))
      const { reader } = await openReader(memory)
      const shown = ends.filter(({ end }) => end <= length).at(-1) as { count: number }
      expect(sequencesOf(await collect(reader.scan())), `${length} bytes`).toEqual(range(0, shown.count))
      expect(sequencesOf(await collect(reader.scan({ reverse: true }))), `${length} bytes`).toEqual(range(0, shown.count).reverse())
      for (const [n, { location, data }] of items.entries()) {
        const found = await outcomeOf(() => reader.read(location))
        expect(await outcomeOf(() => reader.readSync(location))).toEqual(found)
        if (n < shown.count) expect(found).toEqual(data)
        // A record may be whole though its block is not: what it gives is right all the same.
        else if (found !== undefined) expect(found).toEqual(data)
      }
      await reader.stop()
      expect((await copyFiles(memory)).get(name)).toEqual(whole.subarray(0, length))
    }
  })

  test('takes zeros and garbage at the end for what never was', async () => {
    const { files, items } = await crashed()
    const name = 'data00001.dat'
    const whole = fileOf(files, name)
    const last = items.at(-1) as LaidItem
    const behind = { index: 1, position: last.location.position + 8 + last.location.size + BLOCK_HEADER, size: 20 }
    for (const tail of [new Uint8Array(300), new Uint8Array(300).fill(0xa5), Uint8Array.from({ length: 300 }, (_, n) => n)]) {
      const memory = await diskOf(new Map(files).set(name, Uint8Array.from([...whole, ...tail])))
      const { reader } = await openReader(memory)
      expect((await collect(reader.scan())).length).toBe(items.length)
      expect((await collect(reader.scan({ reverse: true }))).length).toBe(items.length)
      expect(await outcomeOf(() => reader.read(behind))).toBeUndefined()
      expect(await outcomeOf(() => reader.readSync(behind))).toBeUndefined()
      await reader.stop()
    }
  })

  test('takes a block whose header arrived before its bytes for what is not there yet', async () => {
    const { files, items } = await crashed()
    const name = 'data00001.dat'
    const last = items.at(-2) as LaidItem
    const bytes = Uint8Array.from(fileOf(files, name)).fill(0, physical(last.location.position))
    const { reader } = await openReader(await diskOf(new Map(files).set(name, bytes)))
    expect(sequencesOf(await collect(reader.scan()))).toEqual(range(0, items.length - 2))
    expect(await reader.read(last.location)).toBeUndefined()
    expect(reader.readSync(last.location)).toBeUndefined()
    await reader.stop()
  })

  test('ends a stream in INVALID_LOCATION where the rest of its item never came', async () => {
    const { files, items } = await crashed()
    const name = 'data00001.dat'
    const last = items.at(-1) as LaidItem
    const bytes = Uint8Array.from(fileOf(files, name)).fill(0, physical(last.location.position + 8 + 10))
    const { reader } = await openReader(await diskOf(new Map(files).set(name, bytes)))
    expect(await reader.read(last.location)).toBeUndefined()
    expect(await codeOf(drain(await reader.readStream(last.location)))).toBe('INVALID_LOCATION')
    await reader.stop()
  })

  test('takes a new file for not there while its header is torn or missing', async () => {
    const { files, items } = await crashed()
    const header = fileOf(files, 'data00001.dat').subarray(0, 64)
    for (const torn of [new Uint8Array(0), header.subarray(0, 30), new Uint8Array(64), Uint8Array.from(header).fill(0, 20)]) {
      const { reader } = await openReader(await diskOf(new Map(files).set('data00002.dat', torn)))
      expect((await collect(reader.scan())).length).toBe(items.length)
      expect((await collect(reader.scan({ reverse: true }))).length).toBe(items.length)
      expect(await reader.read({ index: 2, position: 44, size: 1 })).toBeUndefined()
      expect(reader.readSync({ index: 2, position: 44, size: 1 })).toBeUndefined()
      await reader.stop()
    }
  })

  test.each([
    ['scan', 'more', 1],
    ['scan', 'more, and the next file', 2],
    ['readSync', 'more', 1],
    ['readSync', 'more, and the next file', 2],
  ] as const)('by %s does not take a file for damaged that gets its header and %s while it is opened', async (kind, _, last) => {
    const { db, memory: written } = await openStore(SMALL)
    const items = await fillUpTo(db, last)
    const files = await copyFiles(written)
    const name = 'data00001.dat'
    const memory = await diskOf(new Map(files).set(name, new Uint8Array(0)))
    const { reader, disk } = await openReader(memory)
    // The second look is at what is behind the header that was not there.
    const looks = kind === 'scan' ? 'read' : kind
    disk.inject({ kind: looks, name, nth: 2, fault: act('the writer goes on', () => overwrite(memory, name, () => fileOf(files, name))) })
    const { location, data } = items.find((item) => item.location.index === 1) as LaidItem
    const found = kind === 'scan' ? (await take(reader.scan({ from: { location } }), 1))[0]?.data : reader.readSync(location)
    expect(found).toEqual(data)
    await reader.stop()
  })

  test('is NOT_FOUND where the writer crashed over its very first file', async () => {
    const { files } = await crashed()
    const header = fileOf(files, 'data00000.dat').subarray(0, 64)
    for (const torn of [new Uint8Array(0), header.subarray(0, 63), new Uint8Array(64)]) {
      expect(await codeOf(openReader(await diskOf(new Map([['data00000.dat', torn]]))))).toBe('NOT_FOUND')
    }
  })

  test('never shows a transaction that is not whole, in one file or in several', async () => {
    const { db, memory } = await openStore(SMALL)
    const [[before]] = (await layBlocks(db, [20])) as [[LaidItem]]
    const group = await commitItems(db, 300, 300, 300, 300, 300)
    const files = await copyFiles(memory)
    const last = 'data00002.dat'
    const whole = fileOf(files, last)
    for (let length = 0; length < whole.length; length += 7) {
      const { reader } = await openReader(await diskOf(new Map(files).set(last, whole.subarray(0, length))))
      expect(sequencesOf(await collect(reader.scan())), `${length} bytes`).toEqual([0])
      expect(sequencesOf(await collect(reader.scan({ reverse: true })))).toEqual([0])
      expect(sequencesOf(await collect(reader.locations()))).toEqual([0])
      await reader.stop()
    }
    const zeroed = Uint8Array.from(whole).fill(0, whole.length - 5)
    const { reader } = await openReader(await diskOf(new Map(files).set(last, zeroed)))
    expect(sequencesOf(await collect(reader.scan()))).toEqual([0])
    const { reader: other } = await openReader(await diskOf(files))
    expect(sequencesOf(await collect(other.scan()))).toEqual(range(0, 1 + group.length))
    expect(before.location.index).toBe(0)
    files.delete(last)
    const { reader: third } = await openReader(await diskOf(files))
    expect(sequencesOf(await collect(third.scan()))).toEqual([0])
  })
})

describe('a reader of a damaged store', () => {
  async function damagedStore(
    flip: (items: LaidItem[]) => [name: string, at: number],
  ): Promise<{ reader: Varve; items: LaidItem[]; memory: TestStore['memory'] }> {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    items.push(...(await layBlocks(db, [20, 30, 40], [25, 35, 45])).flat())
    await db.stop()
    const [name, at] = flip(items)
    flipBit(memory, name, at)
    const { reader } = await openReader(memory)
    return { reader, items, memory }
  }

  const inLast = (items: LaidItem[], fromEnd: number): Location => (items.at(-fromEnd) as LaidItem).location

  test.each([
    [
      'an item of a closed file',
      (items: LaidItem[]): [string, number] => ['data00000.dat', physical((items[2] as LaidItem).location.position + 10)],
      2,
    ],
    ['an item of the last file', (items: LaidItem[]): [string, number] => ['data00002.dat', physical(inLast(items, 5).position + 10)], -5],
    ['an item of the last block', (items: LaidItem[]): [string, number] => ['data00002.dat', physical(inLast(items, 1).position + 10)], -1],
  ])('opens, gives every intact item, and says CORRUPT of %s', async (_, flip, damaged) => {
    const { reader, items } = await damagedStore(flip)
    for (const [n, { location, data }] of items.entries()) {
      const expected = n === (damaged < 0 ? items.length + damaged : damaged) ? 'CORRUPT' : data
      expect(await outcomeOf(() => reader.read(location))).toEqual(expected)
      expect(await outcomeOf(() => reader.readSync(location))).toEqual(expected)
    }
    expect(await codeOf(collect(reader.scan()))).toBe('CORRUPT')
    expect(await codeOf(collect(reader.scan({ reverse: true })))).toBe('CORRUPT')
    await reader.stop()
  })

  test('says CORRUPT of an item whose block header is damaged too, also in the last file', async () => {
    const { reader, items, memory } = await damagedStore((all) => ['data00002.dat', physical(inLast(all, 6).position - BLOCK_HEADER + 9)])
    for (const { location, data } of items) expect(await reader.read(location)).toEqual(data)
    flipBit(memory, 'data00002.dat', physical(inLast(items, 5).position + 12))
    expect(await outcomeOf(() => reader.read(inLast(items, 5)))).toBe('CORRUPT')
    expect(await outcomeOf(() => reader.readSync(inLast(items, 5)))).toBe('CORRUPT')
    expect(await codeOf(collect(reader.scan()))).toBe('CORRUPT')
    await reader.stop()
  })

  test('opens where the header of a file is damaged, and gives every item', async () => {
    for (const name of ['data00000.dat', 'data00001.dat', 'data00002.dat']) {
      const { reader, items, memory } = await damagedStore(() => [name, 20])
      for (const { location, data } of items) expect(await outcomeOf(() => reader.read(location))).toEqual(data)
      const { reader: other } = await openReader(memory)
      for (const { location, data } of items) expect(await outcomeOf(() => other.readSync(location))).toEqual(data)
    }
  })

  test('says CORRUPT where nothing is left of the only header there is', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    overwrite(memory, 'data00000.dat', (bytes) => bytes.fill(0x5a, 0, 64))
    expect(await codeOf(openReader(memory))).toBe('CORRUPT')
  })

  test('says CORRUPT of a transaction whose end is damaged, after what of it is intact before', async () => {
    const { db, memory } = await openStore(SMALL)
    await commitItems(db, 300, 300, 300, 300, 300)
    await addItems(db, 10)
    await db.stop()
    overwrite(memory, 'data00001.dat', (bytes) => bytes.fill(0x5a, 300, 320))
    const { reader } = await openReader(memory)
    expect(await codeOf(collect(reader.scan()))).toBe('CORRUPT')
    await reader.stop()
  })
})
