import { fail, hold } from '@varve/backend/faults'
import { type Location, MiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { outcomeOf } from './support/outcome.js'
import { readingCases } from './support/reading-cases.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { flipBit, physical } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'
import { seededNumbers } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

const locationsOf = (items: readonly LaidItem[]): Location[] => items.map(({ location }) => location)
const datasOf = (items: readonly LaidItem[]): Uint8Array[] => items.map(({ data }) => data)

describe('what readMany comes to for one location is what read comes to', () => {
  test.each(readingCases)('$name', async ({ make }) => {
    const { db, location, expected } = await make()
    const outcome = await outcomeOf(() => db.readMany([location]))
    expect(outcome).toEqual(typeof expected === 'string' ? expected : [expected])
  })

  test.each(readingCases)('beside a neighbour: $name', async ({ make }) => {
    const { db, location, expected } = await make()
    const outcome = await outcomeOf(() => db.readMany([location, location]))
    expect(outcome).toEqual(typeof expected === 'string' ? expected : [expected, expected])
  })
})

describe('the order of readMany', () => {
  test('is that of the locations given, whatever it is, across files and memory', async () => {
    const { db } = await openStore(SMALL)
    const items = [...(await fillUpTo(db, 3, 60)), ...(await commitItems(db, 300, 300, 300, 300)), ...(await addItems(db, 20, 30))]
    const random = seededNumbers(3)
    for (let round = 0; round < 20; round++) {
      const some = Array.from({ length: 30 }, () => items[Math.floor(random() * items.length)] as LaidItem)
      expect(await db.readMany(locationsOf(some))).toEqual(datasOf(some))
    }
  })

  test('has undefined where nothing is stored, among the others', async () => {
    const { db } = await openStore(SMALL)
    const [blocks, ...rest] = (await layBlocks(db, [20, 30, 40], [50])) as [LaidItem[], LaidItem[]]
    const [a, b, c] = blocks as [LaidItem, LaidItem, LaidItem]
    const [[d]] = rest as [[LaidItem]]
    await db.ltrim(0, b.location.position)
    const nowhere = { index: 7, position: 44, size: 3 }
    const behind = { index: 0, position: 900, size: 3 }
    const found = await db.readMany([d.location, nowhere, a.location, c.location, behind, b.location])
    expect(found).toEqual([d.data, undefined, undefined, c.data, undefined, b.data])
  })

  test('takes duplicates, each a copy of its own', async () => {
    const { db } = await openStore(SMALL)
    const [[one, two]] = (await layBlocks(db, [20, 30])) as [[LaidItem, LaidItem]]
    const found = await db.readMany([two.location, one.location, two.location])
    expect(found).toEqual([two.data, one.data, two.data])
    found[0]?.fill(0)
    expect(found[2]).toEqual(two.data)
  })

  test('of no locations is no items', async () => {
    const { db } = await openStore(SMALL)
    expect(await db.readMany([])).toEqual([])
  })
})

describe('neighbours', () => {
  test('are fetched in one read of the backend, also across blocks', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [25, 35], [10])).flat()
    const before = disk.count('read')
    expect(await db.readMany(locationsOf(items))).toEqual(datasOf(items))
    expect(disk.count('read') - before).toBe(1)
    expect((await db.stats()).reads.backend).toBe(items.length)
  })

  test('of several files are fetched in one read each', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = await fillUpTo(db, 3, 60)
    const found = await db.readMany(locationsOf(items))
    expect(found).toEqual(datasOf(items))
    const before = disk.count('read')
    await db.readMany(locationsOf(items).reverse())
    expect(disk.count('read') - before).toBe(4)
  })

  test('that lie far apart are fetched one by one, without what is between them', async () => {
    const { db, disk } = await openStore({ maxFileSize: 4 * MiB })
    const [[first, , last]] = (await layBlocks(db, [20, 5000, 30])) as [[LaidItem, LaidItem, LaidItem]]
    const before = disk.calls.length
    expect(await db.readMany([last.location, first.location])).toEqual([last.data, first.data])
    const sizes = disk.calls
      .slice(before)
      .filter(({ kind }) => kind === 'read')
      .map(({ size }) => size)
    expect(sizes).toEqual([28, 38])
  })

  test('are read in pieces of a MiB at most, unless one item is larger', async () => {
    const { db, disk } = await openStore({ maxFileSize: 8 * MiB, maxBufferSize: 4 * MiB })
    const items = (await layBlocks(db, [500_000, 500_000, 500_000, 1_500_000])).flat()
    const before = disk.calls.length
    expect(sameItems(await db.readMany(locationsOf(items)), datasOf(items))).toBe(true)
    const sizes = disk.calls
      .slice(before)
      .filter(({ kind }) => kind === 'read')
      .map(({ size }) => size)
    expect(sizes.sort()).toEqual([1_000_016, 1_500_008, 500_008].sort())
  })

  test('that were being trimmed away are nothing, and the rest is there', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40])).flat() as [LaidItem, LaidItem, LaidItem]
    const gate = hold()
    disk.inject({ kind: 'replace', fault: gate })
    const trim = db.ltrim(0, items[1].location.position)
    await gate.reached
    const reading = db.readMany(locationsOf(items))
    await settle()
    gate.release()
    await trim
    expect(await reading).toEqual([undefined, items[1].data, items[2].data])
  })

  test('are given as they are where one of them is damaged: that one rejects the whole by its own name', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40])).flat() as [LaidItem, LaidItem, LaidItem]
    flipBit(memory, 'data00000.dat', physical(items[1].location.position + 10))
    expect(await codeOf(db.readMany(locationsOf(items)))).toBe('CORRUPT')
    expect(await db.readMany([items[0].location, items[2].location])).toEqual([items[0].data, items[2].data])
  })
})

describe('what readMany refuses', () => {
  test.each([
    ['no array', { index: 0, position: 44, size: 1 }],
    ['an array with something else in it', [{ index: 0, position: 44, size: 1 }, 'x']],
  ])('is a TypeError: %s', async (_, locations) => {
    const { db } = await openStore(SMALL)
    expect(await rejection(db.readMany(locations as never))).toBeInstanceOf(TypeError)
  })

  test('is INVALID_LOCATION for a location that none can be', async () => {
    const { db } = await openStore(SMALL)
    expect(await codeOf(db.readMany([{ index: 0, position: -1, size: 1 }]))).toBe('INVALID_LOCATION')
  })

  test('is NOT_RUNNING after stop', async () => {
    const { db } = await openStore(SMALL)
    await db.stop()
    expect(await codeOf(db.readMany([]))).toBe('NOT_RUNNING')
  })

  test('is the error of the backend, by name', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30])).flat()
    disk.inject({ kind: 'read', fault: fail('IO') })
    expect(await codeOf(db.readMany(locationsOf(items)))).toBe('IO')
    expect(await db.readMany(locationsOf(items))).toEqual(datasOf(items))
  })

  test('is the reason of a signal, before or meanwhile, also for what is in memory', async () => {
    const { db, disk } = await openStore(SMALL)
    const added = await addItems(db, 20, 30)
    expect(await rejection(db.readMany(locationsOf(added), { signal: AbortSignal.abort('early') }))).toBe('early')
    await db.flush()
    const abort = new AbortController()
    const gate = hold()
    disk.inject({ kind: 'read', fault: gate })
    const reading = rejection(db.readMany(locationsOf(added), { signal: abort.signal }))
    await gate.reached
    abort.abort('late')
    gate.release()
    expect(await reading).toBe('late')
  })
})

test('a large item beside small ones comes through whole', async () => {
  const { db } = await openStore({ maxFileSize: 8 * MiB, maxBufferSize: 64 * 1024 })
  const datas = [item(10), item(3 * MiB), item(20)]
  const locations = await db.addMany(datas)
  await db.flush()
  expect(sameItems(await db.readMany(locations), datas)).toBe(true)
})

// The matcher takes seconds for megabytes.
function sameItems(found: readonly (Uint8Array | undefined)[], expected: readonly Uint8Array[]): boolean {
  return (
    found.length === expected.length &&
    found.every((data, n) => data !== undefined && Buffer.compare(data, expected[n] as Uint8Array) === 0)
  )
}
