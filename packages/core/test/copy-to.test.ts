import {
  act,
  everyCrash,
  everyFault,
  fail,
  faultyBackend,
  hold,
  type PowerLossBackend,
  powerLossBackend,
  readFiles,
} from '@varve/backend/faults'
import { BackendError, type BackendFile, type CopyProgress, type FileBackend, MiB, type ScannedLocation, Varve } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { dataFiles, expectEqual, itemsOf, SMALL } from './support/copies.js'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { leasedBackend } from './support/leased-backend.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { copyFiles, diskOf, flipBit, overwrite, physical } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

describe('a copy', () => {
  test('of a stopped store has the same files, byte for byte', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    await commitItems(db, ...Array.from({ length: 9 }, () => 250))
    await db.ltrim(
      1,
      ((await collect(db.locations())).find(({ location }) => location.index === 1 && location.position > 0) as ScannedLocation).location
        .position,
    )
    await db.dropIndex(2)
    await db.stop()
    const reader = await Varve.open(memory, { readOnly: true })
    const copy = memoryBackend()
    const report = await reader.copyTo(copy)
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
    const bytes = [...(await dataFiles(memory)).values()].reduce((sum, { length }) => sum + length, 0)
    const { files, nextSequence } = await reader.stats()
    expect(report).toEqual({ files, bytes, copiedBytes: bytes, removedFiles: 0, nextSequence })
    await reader.stop()
  })

  test('holds what is durable when it begins, and nothing that comes later or is in memory only', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const expected = await collect(db.scan())
    await addItems(db, 20)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const gate = hold()
    disk.inject({ kind: 'create', fault: gate })
    const copying = db.copyTo(disk)
    await gate.reached
    await layBlocks(db, [30, 40], [50])
    gate.release()
    await copying
    expect(await itemsOf(copy)).toEqual(expected)
    await db.stop()
  })

  test('of a store that was never added to is an empty store, of the same kind', async () => {
    const { db } = await openStore(SMALL)
    const copy = memoryBackend()
    await db.copyTo(copy)
    expect(await itemsOf(copy)).toEqual([])
    await layBlocks(db, [20])
    await db.copyTo(copy)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('of a transaction across files has all of it or, while it is under way, nothing', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const gate = hold()
    disk.inject({ kind: 'sync', nth: 2, fault: gate })
    const committing = commitItems(db, ...Array.from({ length: 9 }, () => 250))
    await gate.reached
    const copy = memoryBackend()
    await db.copyTo(copy)
    expect(await itemsOf(copy)).toHaveLength(1)
    gate.release()
    await committing
    await db.copyTo(copy)
    await expectEqual(db, copy)
    expect(await itemsOf(copy)).toHaveLength(10)
    expect((await db.copyTo(copy)).copiedBytes).toBe(0)
    await db.stop()
  })

  test('beside a writer elsewhere holds what that one has made durable', async () => {
    const { db, memory } = await openStore(SMALL)
    const reader = await Varve.open(memory, { readOnly: true })
    const copy = memoryBackend()
    for (const sizes of [[20], [30, 40], Array.from({ length: 30 }, () => 100), [50]]) {
      await layBlocks(db, sizes)
      await reader.copyTo(copy)
      await expectEqual(db, copy)
    }
    await reader.stop()
    await db.stop()
  })

  test('can be made of a store that has failed', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await rejection(db.add(item(40, 1), { durable: true }))
    expect(db.state).toBe('failed')
    const copy = memoryBackend()
    await db.copyTo(copy)
    expect(await itemsOf(copy)).toHaveLength(2)
    await db.stop()
  })
})

describe('a copy made again', () => {
  test('writes only what is new', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    await db.copyTo(copy)
    expect((await db.copyTo(copy)).copiedBytes).toBe(0)
    const before = (await db.stats()).bytes
    await layBlocks(db, [20, 30], [40])
    const { copiedBytes, bytes } = await db.copyTo(copy)
    expect(copiedBytes).toBe((await db.stats()).bytes - before)
    expect(bytes).toBe((await db.stats()).bytes)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('goes on behind the closing block of a stop', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    await db.stop()
    await db.start()
    await db.copyTo(copy)
    await layBlocks(db, [30])
    const { copiedBytes, bytes } = await db.copyTo(copy)
    expect(copiedBytes).toBeLessThan(bytes)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('writes much that is new in several pieces', async () => {
    const { db } = await openStore({ durability: 'os', maxBufferItems: 4 })
    await addItems(db, 20)
    await db.flush()
    const copy = memoryBackend()
    await db.copyTo(copy)
    const large = new Uint8Array(3 * MiB).fill(7)
    for (let n = 0; n < 8; n++) await db.add(large)
    await db.flush()
    const disk = faultyBackend(copy)
    const before = disk.count('sync')
    const { copiedBytes } = await db.copyTo(disk)
    expect(copiedBytes).toBeGreaterThan(8 * large.length)
    expect(disk.count('sync') - before).toBeGreaterThan(1)
    await using reader = await Varve.open(copy, { readOnly: true })
    expect(await reader.verify()).toMatchObject({ isIntact: true, items: 9 })
    await db.stop()
  })

  test('writes every file anew where it is not to be incremental', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    await db.copyTo(copy)
    overwrite(copy, 'data00000.dat', (bytes) => bytes.fill(0, 100, 200))
    const { copiedBytes, bytes } = await db.copyTo(copy, { incremental: false })
    expect(copiedBytes).toBe(bytes)
    await expectEqual(db, copy)
    await db.stop()
  })

  test.each([
    ['an ltrim of a closed file', (db: Varve, all: readonly LaidItem[]) => db.ltrim(1, nth(all, 1, 2).position)],
    ['an rtrim of a closed file', (db: Varve, all: readonly LaidItem[]) => db.rtrim(1, nth(all, 1, 2).position)],
    ['an ltrim of the current file', (db: Varve, all: readonly LaidItem[]) => db.ltrim(3, nth(all, 3, 1).position)],
    ['an rtrim of the current file', (db: Varve, all: readonly LaidItem[]) => db.rtrim(3, nth(all, 3, 1).position)],
    ['a drop of the first file', (db: Varve) => db.dropIndex(0)],
    ['a drop of a file between others', (db: Varve) => db.dropIndex(1)],
    ['a drop of the current file', (db: Varve) => db.dropIndex(3)],
    [
      'a drop of every file',
      async (db: Varve) => {
        for (const index of [0, 1, 2, 3]) await db.dropIndex(index)
      },
    ],
  ])('follows %s, and what is added behind it', async (_, remove) => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await layBlocks(db, [20, 30])
    const copy = memoryBackend()
    await db.copyTo(copy)
    await remove(db, await collect(db.scan()))
    await db.copyTo(copy)
    await expectEqual(db, copy)
    await layBlocks(db, [40, 50])
    await db.copyTo(copy)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('has no gap where all that it had was dropped, and files lie between', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const copy = memoryBackend()
    await db.copyTo(copy)
    await fillUpTo(db, 5)
    for (const index of [0, 1, 2, 3]) await db.dropIndex(index)
    const { removedFiles } = await db.copyTo(copy)
    expect(removedFiles).toBe(2)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('follows a drop that comes while files behind it are copied', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const gate = hold()
    disk.inject({ kind: 'create', nth: 2, fault: gate })
    const copying = db.copyTo(disk)
    await gate.reached
    await db.dropIndex(0)
    const dropping = db.dropIndex(1)
    await settle()
    gate.release()
    await dropping
    await copying
    await expectEqual(db, copy)
    await db.stop()
  })
})

describe('beside a writer elsewhere', () => {
  test('a copy follows drops of files that it has not come to yet', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 4)
    const reader = await Varve.open(memory, { readOnly: true })
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const gate = hold()
    disk.inject({ kind: 'create', fault: gate })
    const copying = reader.copyTo(disk)
    await gate.reached
    for (const index of [0, 1]) await db.dropIndex(index)
    gate.release()
    expect((await copying).files).toBe(3)
    await expectEqual(db, copy)
    await reader.stop()
    await db.stop()
  })
})

describe('a destination', () => {
  test('that holds another store is FOREIGN_FILE, and is left as it is', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { db: other, memory } = await openStore(SMALL)
    await layBlocks(other, [30])
    await other.stop()
    const before = await readFiles(memory)
    expect(await codeOf(db.copyTo(memory))).toBe('FOREIGN_FILE')
    expect(await readFiles(memory)).toEqual(before)
    await db.stop()
  })

  test('that was added to is a CONFLICT, and is left as it is', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    await db.copyTo(copy)
    const own = await Varve.open(copy, SMALL)
    await own.add(item(50, 1), { durable: true })
    await own.stop()
    const before = await readFiles(copy)
    expect((await failure(db.copyTo(copy))).message).toMatch(/^copy to .*: its item 1 at 0:\d+:50 is not in this store/)
    await layBlocks(db, [50])
    expect(await codeOf(db.copyTo(copy))).toBe('CONFLICT')
    expect(await readFiles(copy)).toEqual(before)
    await db.stop()
  })

  test('that was opened for writing and not added to is gone on with', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    await db.copyTo(copy)
    const own = await Varve.open(copy, SMALL)
    await own.stop()
    await layBlocks(db, [50])
    await db.copyTo(copy)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('that is open for writing is LOCKED, the store itself too', async () => {
    const { db, memory } = await openStore(SMALL)
    const { db: other, memory: taken } = await openStore(SMALL)
    expect(await codeOf(db.copyTo(taken))).toBe('LOCKED')
    expect(await codeOf(db.copyTo(memory))).toBe('LOCKED')
    await other.stop()
    await db.stop()
  })

  test('whose lock is lost meanwhile is written to no more', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const copy = memoryBackend()
    const leased = leasedBackend(copy)
    const onProgress = ({ file }: CopyProgress) => file === 'data00001.dat' && leased.lose(new BackendError('LOCKED', 'the lease ran out'))
    const error = await failure(db.copyTo(leased, { onProgress }))
    expect([error.code, error.message]).toEqual(['LOCKED', expect.stringMatching(/^copy to memory .*: the lease ran out$/)])
    expect([...(await dataFiles(copy)).keys()]).toEqual(['data00000.dat'])
    await db.stop()
  })

  test('that is no backend is a TypeError, and a store that is stopped NOT_RUNNING', async () => {
    const { db } = await openStore(SMALL)
    expect(await rejection(db.copyTo('./elsewhere' as never))).toBeInstanceOf(TypeError)
    await db.stop()
    expect(await codeOf(db.copyTo(memoryBackend()))).toBe('NOT_RUNNING')
  })

  test('that gives back other bytes than were written to it is IO, and keeps none of them', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    const copy = memoryBackend()
    await db.copyTo(copy)
    await layBlocks(db, [40])
    const lying = withFiles(copy, (file) => ({
      append: (parts, position) =>
        file.append(
          parts.map((part) => part.map((byte, n) => (n === 60 ? byte ^ 1 : byte))),
          position,
        ),
    }))
    expect(await codeOf(db.copyTo(lying))).toBe('IO')
    expect(await itemsOf(copy)).toHaveLength(2)
    await db.copyTo(copy)
    await expectEqual(db, copy)
    await db.stop()
  })
})

describe('a copy that is damaged', () => {
  test('in a block header is CORRUPT, left as it is, and written anew with incremental: false', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30], [40], [50], [60], [70])
    const copy = memoryBackend()
    await db.copyTo(copy)
    overwrite(copy, 'data00000.dat', (bytes) => bytes.fill(0, physical(150), physical(200)))
    const before = await readFiles(copy)
    const error = await failure(db.copyTo(copy))
    expect([error.code, error.message]).toEqual([
      'CORRUPT',
      expect.stringMatching(/^copy to memory .*: what an earlier copy left there is damaged; /),
    ])
    expect(await readFiles(copy)).toEqual(before)
    await db.copyTo(copy, { incremental: false })
    await expectEqual(db, copy)
    await db.stop()
  })

  test('as a file is missing is FILE_MISSING, and made whole with incremental: false', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const copy = memoryBackend()
    await db.copyTo(copy)
    await copy.remove('data00001.dat')
    await copy.remove('data00002.dat')
    overwrite(copy, 'data00003.dat', (bytes) => bytes.fill(0, 64))
    expect(await codeOf(db.copyTo(copy))).toBe('FILE_MISSING')
    await db.copyTo(copy, { incremental: false })
    await expectEqual(db, copy)
    await db.stop()
  })

  test('within a transaction across files that was copied in part is gone on with', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    await commitItems(db, ...Array.from({ length: 12 }, () => 250))
    const last = (await db.stats()).lastIndex
    expect(last).toBeGreaterThan(2)
    for (const stopAt of [1, 2, last]) {
      const copy = memoryBackend()
      const controller = new AbortController()
      const onProgress = ({ file }: CopyProgress) => file === `data0000${stopAt}.dat` && controller.abort()
      await rejection(db.copyTo(copy, { signal: controller.signal, onProgress }))
      expect(await itemsOf(copy)).toHaveLength(1)
      await db.copyTo(copy)
      await expectEqual(db, copy)
      expect((await db.copyTo(copy)).copiedBytes).toBe(0)
    }
    await db.stop()
  })
})

describe('damage in the store', () => {
  test('in a file that is new to the copy is CORRUPT, and the files before it are copied', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    flipBit(memory, 'data00001.dat', physical((items.find(({ location }) => location.index === 1) as LaidItem).location.position + 20))
    const copy = memoryBackend()
    expect((await failure(db.copyTo(copy))).message).toMatch(/^copy data00001\.dat: the block at position 0 is damaged/)
    expect([...(await dataFiles(copy)).keys()]).toEqual(['data00000.dat'])
    expect(await itemsOf(copy)).toEqual(
      await collect(db.scan({ to: { sequence: items.findIndex(({ location }) => location.index === 1) } })),
    )
    await db.stop()
  })

  test.each([
    ['a record', (position: number) => position + 20],
    ['a block header', (position: number) => position - 30],
  ])('in %s behind what the copy has is CORRUPT, and what is before it is copied', async (_, where) => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    await db.copyTo(copy)
    const items = (await layBlocks(db, [30], [40], [50])).flat()
    flipBit(memory, 'data00000.dat', physical(where((items[1] as LaidItem).location.position)))
    expect(await codeOf(db.copyTo(copy))).toBe('CORRUPT')
    expect(await itemsOf(copy)).toHaveLength(2)
    await db.stop()
  })

  test('in a file header is CORRUPT', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    flipBit(memory, 'data00000.dat', 20)
    await db.stop()
    const reader = await Varve.open(memory, { readOnly: true })
    expect(await codeOf(reader.copyTo(memoryBackend()))).toBe('CORRUPT')
    await reader.stop()
  })

  test('as a file is missing is FILE_MISSING', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    await db.stop()
    await memory.remove('data00001.dat')
    const reader = await Varve.open(memory, { readOnly: true })
    expect(await codeOf(reader.copyTo(memoryBackend()))).toBe('FILE_MISSING')
    await reader.stop()
  })
})

describe('progress and abort', () => {
  test('tells what is there and what was written, up to all of it', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    await db.copyTo(copy)
    await layBlocks(db, [20])
    const told: CopyProgress[] = []
    const report = await db.copyTo(copy, { onProgress: (progress) => told.push(progress) })
    expect(told.map(({ bytes }) => bytes)).toEqual(told.map(({ bytes }) => bytes).sort((a, b) => a - b))
    expect(told.at(-1)).toEqual({ bytes: report.bytes, totalBytes: report.bytes, copiedBytes: report.copiedBytes, file: 'data00002.dat' })
    await db.stop()
  })

  test('an abort leaves a copy that the next one goes on with', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const copy = memoryBackend()
    const reason = new Error('enough')
    const controller = new AbortController()
    const onProgress = ({ file }: CopyProgress) => file === 'data00002.dat' && controller.abort(reason)
    expect(await rejection(db.copyTo(copy, { signal: controller.signal, onProgress }))).toBe(reason)
    expect(await rejection(db.copyTo(copy, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    const { bytes, copiedBytes } = await db.copyTo(copy)
    expect(copiedBytes).toBeLessThan(bytes)
    await expectEqual(db, copy)
    await db.stop()
  })
})

describe('what may go wrong at the destination', () => {
  test.each([
    ['says no', (_: PowerLossBackend) => fail('IO')],
    ['says no and loses what it was about', (disk: PowerLossBackend) => act('a sync loses its pages', () => disk.failNextSync())],
  ])('what a copy laid down when a sync %s is durable once the next copy is done', async (_, fault) => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const before = memoryBackend()
    await db.copyTo(before)
    await fillUpTo(db, 1, 200)
    const items = (await db.stats()).durableSequence
    let failed = 0
    for (let isWhole = false; !isWhole; failed += isWhole ? 0 : 1) {
      const disk = powerLossBackend({ files: await copyFiles(before) })
      const failing = faultyBackend(disk)
      failing.inject({ kind: 'sync', nth: failed + 1, fault: fault(disk) })
      isWhole = await db.copyTo(failing).then(
        () => true,
        () => false,
      )
      await failing.end()
      await db.copyTo(disk)
      for (const state of disk.crashStates()) {
        await using copy = await Varve.open(state.backend(), { ...SMALL, readOnly: true })
        expect(await copy.verify()).toMatchObject({ isIntact: true, items })
      }
    }
    // The one before it is put in order first, then each block that says where its file was durable, the closing block last.
    expect(failed).toBeGreaterThan(3)
    await db.stop()
  })

  /** A store as three copies find it: first, grown, and grown and trimmed. */
  async function history(): Promise<{ states: Map<string, Uint8Array>[]; counts: number[] }> {
    const { db, memory } = await openStore(SMALL)
    const states: Map<string, Uint8Array>[] = []
    const counts: number[] = []
    const keep = async () => {
      states.push(await copyFiles(memory))
      counts.push((await collect(db.locations())).length)
    }
    await layBlocks(db, [20, 30], [40])
    await keep()
    await layBlocks(db, [30], [50], [60, 70])
    await fillUpTo(db, 1, 200)
    await keep()
    const [, second] = await collect(db.locations())
    await db.ltrim(0, (second as ScannedLocation).location.position)
    await layBlocks(db, [25])
    await keep()
    await db.dropIndex(0)
    await keep()
    await db.stop()
    return { states, counts }
  }

  async function copyOf(state: Map<string, Uint8Array>, destination: FileBackend): Promise<unknown[]> {
    const reader = await Varve.open(await diskOf(state), { ...SMALL, readOnly: true })
    await reader.copyTo(destination)
    const items = await collect(reader.scan())
    await reader.stop()
    return items
  }

  async function expectPartOf(destination: FileBackend, states: readonly Map<string, Uint8Array>[], atLeast: number): Promise<void> {
    const files = await readFiles(destination)
    if ([...files.keys()].some((name) => name.startsWith('data'))) {
      const db = await Varve.open(await diskOf(files), SMALL)
      const found = await collect(db.scan())
      expect(found.length).toBeGreaterThanOrEqual(atLeast)
      expect((await db.verify()).isIntact).toBe(true)
      await db.stop()
    } else expect(atLeast).toBe(0)
    const copy = await diskOf(files)
    const items = await copyOf(states.at(-1) as Map<string, Uint8Array>, copy)
    expect(await itemsOf(copy)).toEqual(items)
  }

  test('a power cut at any step leaves a store that opens, has what a finished copy brought there, and is gone on with', {
    timeout: 60_000,
  }, async () => {
    const { states, counts } = await history()
    const { states: found } = await everyCrash<{ done: number }>({
      promised: { done: 0 },
      run: async (backend, promised) => {
        for (const state of states) {
          await copyOf(state, backend)
          promised.done++
        }
      },
      check: (backend, { done }) => expectPartOf(backend, states, leastAfter(counts, done)),
      states: { sectorSize: 64, maxSectors: 6, maxCombinations: 48, maxSubsets: 16, samples: 4 },
    })
    expect(found).toBeGreaterThan(100)
  })

  test.each([false, true])(
    'an error of any call (it stays: %s) has a name, and leaves a store that opens and is gone on with',
    { timeout: 60_000 },
    async (persistent) => {
      const { states, counts } = await history()
      const report = await everyFault<{ backend: FileBackend; done: number }>({
        persistent,
        make: () => ({ backend: powerLossBackend(), done: 0 }),
        run: async (backend, world) => {
          for (const state of states) {
            const error = await copyOf(state, backend).then(
              () => undefined,
              (error: unknown) => error,
            )
            if (error) return expect(error).toHaveProperty('name', 'VarveError')
            world.done++
          }
          expect(backend.openFiles).toEqual([])
        },
        check: ({ backend, done }) => expectPartOf(backend, states, leastAfter(counts, done)),
      })
      expect(report.faults).toBeGreaterThan(50)
    },
  )
})

/** So many items no cut leaves out, where so many of the states were copied. */
function leastAfter(counts: readonly number[], done: number): number {
  return done === 0 ? 0 : Math.min(...counts.slice(done - 1))
}

function nth(all: readonly LaidItem[], index: number, n: number) {
  return (all.filter(({ location }) => location.index === index)[n] as LaidItem).location
}

/** A backend whose files are the ones of another, with some methods of their own. */
function withFiles(backend: MemoryBackend, own: (file: BackendFile) => Partial<BackendFile>): FileBackend {
  const open = async (name: string) => {
    const file = await backend.open(name)
    const methods: Partial<BackendFile> = own(file)
    return new Proxy(file, { get: (target, key) => Reflect.get(methods, key) ?? bound(target, key) })
  }
  return new Proxy(backend as FileBackend, { get: (target, key) => (key === 'open' ? open : bound(target, key)) })
}

function bound(target: object, key: string | symbol): unknown {
  const value = Reflect.get(target, key) as unknown
  return typeof value === 'function' ? value.bind(target) : value
}
