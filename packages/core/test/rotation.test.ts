import { hold } from '@varve/backend/faults'
import { KiB, type Location } from '@varve/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, fileLengths, inject, openStore, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

const FILE_HEADER = 64
const BLOCK_HEADER = 44
const RECORD_HEADER = 8

describe('the next file is begun', () => {
  test('when an item does not fit beside the closing block, and not before', async () => {
    const store = await openStore({ maxFileSize: KiB, maxBufferSize: 512 })
    // One block with one item that leaves exactly the room of the second one, in a block of its own.
    const room = KiB - FILE_HEADER - BLOCK_HEADER - 2 * (BLOCK_HEADER + RECORD_HEADER)
    const first = await store.db.add(item(400), { durable: true })
    const second = await store.db.add(item(room - 400), { durable: true })
    const third = await store.db.add(item(1), { durable: true })
    expect([first.index, second.index, third.index]).toEqual([0, 0, 1])
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(KiB)

    const other = await openStore({ maxFileSize: KiB, maxBufferSize: 512 })
    await other.db.add(item(400), { durable: true })
    expect((await other.db.add(item(room - 400 + 1), { durable: true })).index).toBe(1)
  })

  test('after the one before it is synced, closed and synced again; then its header is synced before its first block', async () => {
    const { db, disk } = await openStore({ maxFileSize: 512 })
    const writes = watchWrites(disk)
    await db.add(item(200))
    await db.add(item(200), { durable: true })
    expect(writes()).toEqual([
      'append data00000.dat',
      'sync data00000.dat',
      'append data00000.dat',
      'sync data00000.dat',
      'create data00001.dat',
      'append data00001.dat',
      'sync data00001.dat',
      'append data00001.dat',
      'sync data00001.dat',
    ])
  })

  test('in the same order where flushes are left to the operating system', async () => {
    const { db, disk } = await openStore({ maxFileSize: 512, durability: 'os' })
    const writes = watchWrites(disk)
    await db.add(item(200))
    await db.add(item(200))
    await settle()
    expect(writes()).toEqual([
      'append data00000.dat',
      'sync data00000.dat',
      'append data00000.dat',
      'sync data00000.dat',
      'create data00001.dat',
      'append data00001.dat',
      'sync data00001.dat',
    ])
    expect((await db.stats()).durableSequence).toBe(1)
  })

  test('several times in one flush, while adds and reads go on', async () => {
    const store = await openStore({ maxFileSize: 512, maxBufferSize: 404 })
    const gate = inject(store.disk, hold(), { kind: 'create' })
    const all = Array.from({ length: 12 }, (_, n) => item(150 + n))
    const added = store.db.addMany(all, { durable: true })
    await gate.reached
    await settle()
    expect(await store.db.read({ index: 0, position: 44, size: 150 })).toEqual(all[0])
    expect(await store.db.read({ index: 1, position: 44, size: 152 })).toEqual(all[2])
    gate.release()
    const locations = await added
    expect(locations.map(({ index }) => index)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    expect(await store.db.readMany(locations)).toEqual(all)
    expect(await contentsAfterCrash(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
  })

  test('and told by a rotate event, after the write events of the file before it', async () => {
    const { db } = await openStore({ maxFileSize: 512 })
    const events = recordEvents(db)
    await db.add(item(200))
    await db.add(item(200))
    await db.flush()
    expect(events).toMatchObject([
      { name: 'write', index: 0, count: 1, sequence: 0 },
      { name: 'rotate', from: 0, to: 1 },
      { name: 'write', index: 1, count: 1, sequence: 1 },
    ])
  })
})

describe('a store that was stopped at the very end of a file', () => {
  test('goes on in the next one, with one closing block in the first', async () => {
    const store = await openStore({ maxFileSize: 512 })
    await store.db.add(item(352))
    await store.db.stop()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([512])
    await store.db.start()
    const location = await store.db.add(item(10), { durable: true })
    expect(location).toEqual({ index: 1, position: 44, size: 10 })
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(512)
    await store.db.stop()
    expect((await contentsAfterStop(store)).map(({ data }) => data)).toEqual([item(352), item(10)])
  })

  test('does not grow by being started and stopped', async () => {
    const store = await openStore({ maxFileSize: 512 })
    await store.db.add(item(352))
    for (let round = 0; round < 4; round++) {
      await store.db.stop()
      await store.db.start()
    }
    await store.db.stop()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([512])
  })
})

test('starting and stopping between items uses up a file by closing blocks, and never passes its end', async () => {
  const store = await openStore({ maxFileSize: 512 })
  const locations: Location[] = []
  for (let round = 0; round < 12; round++) {
    locations.push(await store.db.add(item(20, round + 1)))
    await store.db.stop()
    for (const length of (await fileLengths(store.memory)).values()) expect(length).toBeLessThanOrEqual(512)
    await store.db.start()
  }
  expect(locations.map(({ index }) => index)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
  await store.db.stop()
  expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
})

interface Step {
  readonly sizes: readonly number[]
  readonly as: 'adds' | 'durable adds' | 'transaction' | 'flush' | 'restart' | 'crash'
}

test('no file ever passes maxFileSize, the closing block included, whatever is stored in whatever way', async () => {
  const step = (most: number): fc.Arbitrary<Step> =>
    fc.record({
      sizes: fc.array(
        fc.oneof(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: 60 }), fc.integer({ min: most - 60, max: most })),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      as: fc.constantFrom('adds', 'durable adds', 'transaction', 'flush', 'restart', 'crash'),
    })
  const scenario = fc.integer({ min: 512, max: 900 }).chain((maxFileSize) =>
    fc.record({
      maxFileSize: fc.constant(maxFileSize),
      maxBufferSize: fc.integer({ min: 128, max: maxFileSize - FILE_HEADER - BLOCK_HEADER }),
      durability: fc.constantFrom('sync' as const, 'os' as const),
      steps: fc.array(step(maxFileSize - 160), { minLength: 1, maxLength: 12 }),
    }),
  )
  let files = 0
  await fc.assert(
    fc.asyncProperty(scenario, async ({ steps, ...options }) => {
      let store = await openStore(options)
      const stored: { readonly location: Location; readonly data: Uint8Array }[] = []
      for (const { sizes, as } of steps) {
        const data = sizes.map((size) => item(size, stored.length + size))
        let locations: Location[]
        if (as === 'transaction') {
          const transaction = store.db.transaction()
          for (const one of data) transaction.add(one)
          locations = await transaction.commit()
        } else locations = await Promise.all(data.map((one) => store.db.add(one, { durable: as === 'durable adds' })))
        stored.push(...data.map((one, n) => ({ location: locations[n] as Location, data: one })))
        if (as === 'flush') await store.db.flush()
        if (as === 'restart') {
          await store.db.stop()
          await store.db.start()
        }
        if (as === 'crash') {
          await store.db.flush()
          await store.disk.end()
          store = await openStore(options, store.memory)
        }
        for (const length of (await fileLengths(store.memory)).values()) expect(length).toBeLessThanOrEqual(options.maxFileSize)
      }
      await store.db.stop()
      const lengths = await fileLengths(store.memory)
      files += lengths.size
      for (const length of lengths.values()) expect(length).toBeLessThanOrEqual(options.maxFileSize)
      expect(await contentsAfterStop(store)).toEqual(stored)
    }),
    { numRuns: 120 },
  )
  expect(files).toBeGreaterThan(500)
})
