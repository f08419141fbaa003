import { everyCrash, fail, faultyBackend, hold, powerLossBackend, readFiles } from '@varve/backend/faults'
import { type Cursor, type FileBackend, replicate, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { encodeCursor } from '../src/format/cursor-file.js'
import { settle, stateOf } from './support/event-loop.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { collect, range, sequencesOf } from './support/scanning.js'
import { diskOf, fileOf, overwrite } from './support/stored-bytes.js'
import { openStore, recordEvents, reopenAfterCrash } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const
const FILE = 'cursor-indexer'

describe('a cursor', () => {
  test('begins at the first item, and goes on behind what was committed, after a crash too', async () => {
    const store = await openStore(SMALL)
    await layBlocks(store.db, [20, 30], [40], [50])
    const cursor = await store.db.cursor('indexer')
    expect(cursor.position).toBe(0)
    for await (const item of cursor) {
      await cursor.commit(item)
      if (item.sequence === 1) break
    }
    expect(cursor.position).toBe(2)
    const again = await reopenAfterCrash(store)
    const found = await again.db.cursor('indexer')
    expect(found.position).toBe(2)
    expect(sequencesOf(await collect(found))).toEqual([2, 3])
    // What was given and not committed is given again.
    expect(sequencesOf(await collect(found))).toEqual([2, 3])
    await again.db.stop()
  })

  test('follows what comes, and gives no item before it is durable', async () => {
    const { db } = await openStore(SMALL)
    const cursor = await db.cursor('indexer')
    const items = cursor.items({ follow: true })
    const next = items.next()
    const location = await db.add(new Uint8Array(20))
    expect(await stateOf(next)).toBe('pending')
    expect(await codeOf(cursor.commit({ sequence: 0 }))).toBe('INVALID_LOCATION')
    await db.flush()
    expect((await next).value).toMatchObject({ location, sequence: 0 })
    await cursor.commit({ sequence: 0 })
    await db.stop()
    expect((await items.next()).done).toBe(true)
  })

  test('goes on at the next item that is still there', async () => {
    const { db } = await openStore(SMALL)
    const laid = await fillUpTo(db, 3)
    const cursor = await db.cursor('indexer')
    await cursor.commit({ sequence: 1 })
    await db.dropIndex(0)
    const third = laid.filter(({ location }) => location.index === 1)[2]
    await db.ltrim(1, third?.location.position ?? 0)
    expect(sequencesOf(await collect(cursor))).toEqual(sequencesOf(await collect(db.locations())))
    await db.stop()
  })

  test('commits that wait together share a write, and an earlier one changes nothing', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20, 30, 40, 50, 60])
    const cursor = await db.cursor('indexer')
    const before = disk.count('replace')
    await Promise.all(range(0, 5).map((sequence) => cursor.commit({ sequence })))
    await cursor.commit({ sequence: 2 })
    expect(cursor.position).toBe(5)
    expect(disk.count('replace') - before).toBe(1)
    await db.stop()
  })

  test('is one for all who ask for it, and told by an event', async () => {
    const { db } = await openStore(SMALL)
    const events = recordEvents(db)
    await layBlocks(db, [20])
    const cursor = await db.cursor('indexer')
    expect(await db.cursor('indexer')).toBe(cursor)
    await cursor.commit({ sequence: 0 })
    expect(events.at(-1)).toMatchObject({ name: 'cursor', cursor: 'indexer', position: 1 })
    await db.stop()
  })

  test('goes back and forth by reset: to a sequence, a location, a time, the beginning', async () => {
    const { db, clock } = await openStore(SMALL)
    const [first] = (await layBlocks(db, [20, 30])).flat() as [LaidItem]
    clock.advance(1000)
    await layBlocks(db, [40])
    const cursor = await db.cursor('indexer')
    const at = async (action: () => Promise<void>) => {
      await action()
      return [cursor.position, (await db.cursors())[0]?.position]
    }
    expect(await at(() => cursor.reset({ sequence: 99 }))).toEqual([3, 3])
    expect(await at(() => cursor.reset({ location: first.location }))).toEqual([0, 0])
    expect(await at(() => cursor.reset({ time: clock.now() }))).toEqual([2, 2])
    expect(await at(() => cursor.reset({ time: clock.now() + 1 }))).toEqual([3, 3])
    expect(await at(() => cursor.reset())).toEqual([0, 0])
    await db.stop()
  })

  test('can be listed and removed', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    expect(await db.cursors()).toEqual([])
    for (const name of ['b', 'a']) await (await db.cursor(name)).commit({ sequence: 0 })
    expect((await db.cursors()).map(({ name, position }) => [name, position])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    await db.removeCursor('a')
    await db.removeCursor('never-was')
    expect((await db.cursors()).map(({ name }) => name)).toEqual(['b'])
    expect((await db.cursor('a')).position).toBe(0)
    await db.stop()
    await db.destroy()
    expect(await memory.list()).toEqual([])
  })

  test('of a store that was opened with readOnly is read, and not moved', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    await (await db.cursor('indexer')).commit({ sequence: 0 })
    await using reader = await Varve.open(memory, { ...SMALL, readOnly: true })
    const cursor = await reader.cursor('indexer')
    expect(sequencesOf(await collect(cursor))).toEqual([1])
    expect(await codeOf(cursor.commit({ sequence: 1 }))).toBe('READ_ONLY')
    expect(await codeOf(cursor.reset())).toBe('READ_ONLY')
    expect(await codeOf(reader.removeCursor('indexer'))).toBe('READ_ONLY')
    await (await db.cursor('indexer')).commit({ sequence: 1 })
    expect((await reader.cursor('indexer')).position).toBe(2)
    await db.stop()
  })

  test('is written to the end by a stop, and not moved after it', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const cursor = await db.cursor('indexer')
    const gate = hold()
    disk.inject({ kind: 'sync', name: '.tmp.cursor-indexer', fault: gate })
    const committing = cursor.commit({ sequence: 0 })
    await gate.reached
    const stopping = db.stop()
    expect(await stateOf(stopping)).toBe('pending')
    gate.release()
    await Promise.all([committing, stopping])
    expect(cursor.position).toBe(1)
    expect(await codeOf(cursor.commit({ sequence: 0 }))).toBe('NOT_RUNNING')
  })

  test('that could not be written is where it was, and can be committed again', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const cursor = await db.cursor('indexer')
    disk.inject({ kind: 'append', name: '.tmp.cursor-indexer', fault: fail('NO_SPACE') })
    expect(await codeOf(cursor.commit({ sequence: 0 }))).toBe('NO_SPACE')
    expect(cursor.position).toBe(0)
    await cursor.commit({ sequence: 0 })
    expect(cursor.position).toBe(1)
    await db.stop()
  })

  test.each(['', 'Indexer', '-a', 'a.b', '../x', 'a'.repeat(65), 'ä'])('is not named %j', async (name) => {
    const { db } = await openStore(SMALL)
    expect(await codeOf(db.cursor(name))).toBe('INVALID_OPTION')
    expect(await rejection(db.cursor(7 as never))).toBeInstanceOf(TypeError)
    await db.stop()
  })
})

describe('the file of a cursor', () => {
  async function stored() {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    await (await db.cursor('indexer')).commit({ sequence: 0 })
    await db.stop()
    return memory
  }

  test('is refused with every single bit of it turned over', async () => {
    const files = await readFiles(await stored())
    const codes = new Set<string>()
    for (let bit = 0; bit < 64 * 8; bit++) {
      const bytes = Uint8Array.from(fileOf(files, FILE))
      bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
      const db = await Varve.open(await diskOf(new Map([...files, [FILE, bytes]])), { ...SMALL, readOnly: true })
      codes.add(await codeOf(db.cursor('indexer')))
      await db.stop()
    }
    expect([...codes].sort()).toEqual(['CORRUPT', 'UNSUPPORTED_VERSION'])
  })

  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['empty', () => new Uint8Array(0)],
    ['cut', (bytes) => bytes.slice(0, 63)],
    ['longer', (bytes) => Uint8Array.from([...bytes, 7])],
    ['of a megabyte', () => new Uint8Array(2 ** 20).fill(7)],
  ])('that is %s is CORRUPT, is told by verify and cursors, keeps nothing from working, and can be removed', async (_, change) => {
    const memory = await stored()
    overwrite(memory, FILE, change)
    await using db = await Varve.open(memory, SMALL)
    expect(await failure(db.cursor('indexer'))).toMatchObject({ code: 'CORRUPT' })
    expect(await db.cursors()).toEqual([{ name: 'indexer', position: undefined, timestamp: undefined }])
    expect(await db.verify()).toMatchObject({ isIntact: true, damagedCursors: ['indexer'] })
    const copy = memoryBackend()
    await db.copyTo(copy)
    expect(await copy.list()).toEqual(['data00000.dat'])
    await db.removeCursor('indexer')
    expect((await db.cursor('indexer')).position).toBe(0)
  })

  test('may have zeros behind it, where a medium that takes space ahead has lost power', async () => {
    const memory = await stored()
    overwrite(memory, FILE, (bytes) => Uint8Array.from({ length: 5000 }, (_, at) => bytes[at] ?? 0))
    await using db = await Varve.open(memory, SMALL)
    expect((await db.cursor('indexer')).position).toBe(1)
  })

  test('of another cursor or store under its name is refused', async () => {
    const memory = await stored()
    const files = await readFiles(memory)
    const moved = new Map([...files, ['cursor-other', fileOf(files, FILE)]])
    await using db = await Varve.open(await diskOf(moved), SMALL)
    expect(await codeOf(db.cursor('other'))).toBe('CORRUPT')
    const foreign = encodeCursor('indexer', { storeId: new Uint8Array(16), sequence: 1, timestamp: 0 })
    await using one = await Varve.open(await diskOf(new Map([...files, [FILE, foreign]])), SMALL)
    expect(await codeOf(one.cursor('indexer'))).toBe('FOREIGN_FILE')
  })

  test('that is ahead of all items does not pass over those that come', async () => {
    const memory = await stored()
    const id = fileOf(await readFiles(memory), 'data00000.dat').slice(16, 32)
    overwrite(memory, FILE, () => encodeCursor('indexer', { storeId: id, sequence: 1000, timestamp: 0 }))
    await using db = await Varve.open(memory, SMALL)
    const cursor = await db.cursor('indexer')
    expect(cursor.position).toBe(2)
    await layBlocks(db, [40])
    expect(sequencesOf(await collect(cursor))).toEqual([2])
  })
})

describe('a copy', () => {
  test('has the cursors, moved and removed as they are, and its consumer goes on in it', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30, 40])
    const cursor = await db.cursor('indexer')
    await cursor.commit({ sequence: 0 })
    await (await db.cursor('other')).commit({ sequence: 1 })
    const copy = memoryBackend()
    await db.copyTo(copy)
    await cursor.commit({ sequence: 1 })
    await db.removeCursor('other')
    await db.copyTo(copy)
    await using reader = await Varve.open(copy, { ...SMALL, readOnly: true })
    expect((await reader.cursors()).map(({ name, position }) => [name, position])).toEqual([['indexer', 2]])
    expect(sequencesOf(await collect(await reader.cursor('indexer')))).toEqual([2])
    await db.stop()
  })

  test('that is kept up to date has each commit, and never one ahead of its items', async () => {
    const { db } = await openStore(SMALL)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    await using replication = replicate(db, disk, { interval: 0 })
    await replication.caughtUp()
    const cursor = await db.cursor('indexer')
    for (let n = 0; n < 4; n++) {
      await layBlocks(db, [30])
      await cursor.commit({ sequence: n })
      await settle()
      await using reader = await Varve.open(copy, { ...SMALL, readOnly: true })
      expect((await reader.cursor('indexer')).position).toBe(n + 1)
      expect(await collect(reader.scan())).toHaveLength(n + 1)
    }
    expect(replication.progress.state).toBe('following')
    await db.stop()
  })
})

test('a power cut at any step leaves a cursor at what was committed, or at what was being committed', { timeout: 60_000 }, async () => {
  const positionIn = async (backend: FileBackend): Promise<Cursor> => {
    const db = await Varve.open(backend, SMALL)
    const cursor = await db.cursor('indexer')
    await db.stop()
    expect((await backend.list()).filter((name) => name.startsWith('.tmp'))).toEqual([])
    return cursor
  }
  const { states } = await everyCrash({
    backend: powerLossBackend(),
    promised: { atLeast: 0, atMost: 0 },
    run: async (backend, promised) => {
      const db = await Varve.open(backend, SMALL)
      await layBlocks(db, [20], [30], [40])
      const cursor = await db.cursor('indexer')
      for (const sequence of [0, 2]) {
        promised.atMost = sequence + 1
        await cursor.commit({ sequence })
        promised.atLeast = sequence + 1
      }
      promised.atLeast = 1
      await cursor.reset({ sequence: 1 })
      promised.atMost = 1
      await db.stop()
    },
    check: async (backend, { atLeast, atMost }) => {
      const { position } = await positionIn(backend)
      expect(position).toBeGreaterThanOrEqual(atLeast)
      expect(position).toBeLessThanOrEqual(atMost)
    },
    states: { sectorSize: 64, maxSectors: 4, maxCombinations: 24, maxSubsets: 8, samples: 2 },
  })
  expect(states).toBeGreaterThan(40)
})
