import { fail } from '@varve/backend/faults'
import { KiB, MiB, type ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect, range, sequencesOf, take } from './support/scanning.js'
import { BLOCK_HEADER, flipBit, physical } from './support/stored-bytes.js'
import { openStore, type TestStore } from './support/test-store.js'
import { seededNumbers, takeTurns } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('a reverse scan', () => {
  test('gives what a forward scan gives, from the last to the first', async () => {
    const { db } = await openStore({ ...SMALL, maxBufferSize: 256 })
    await fillUpTo(db, 2, 60)
    await commitItems(db, 200, 300, 400, 250)
    await addItems(db, 700, 20)
    await db.flush()
    const all = await collect(db.scan())
    expect(await collect(db.scan({ reverse: true }))).toEqual([...all].reverse())
    expect(sequencesOf(await collect(db.locations({ reverse: true })))).toEqual(range(0, all.length).reverse())
  })

  test('reads a large block a piece at a time, and only what is asked for', async () => {
    const { db, disk } = await openStore({ maxFileSize: 32 * MiB, maxBufferSize: 16 * MiB })
    await layBlocks(
      db,
      Array.from({ length: 10 }, () => 400 * KiB),
    )
    const before = disk.calls.length
    const iterator = db.scan({ reverse: true })
    expect(sequencesOf(await take(iterator, 2))).toEqual([9, 8])
    await iterator.return?.()
    const read = disk.calls.slice(before).reduce((sum, { kind, size }) => sum + (kind === 'read' ? (size ?? 0) : 0), 0)
    expect(read).toBeLessThan(2.5 * MiB)
  })
})

describe('a reverse scan while the store changes', () => {
  /** A scan that has shown the three last of nine items: 8, 7 and 6; the first six are one block that is read in two pieces. */
  async function inTheMiddle(shown = 3): Promise<TestStore & { items: LaidItem[]; iterator: AsyncIterableIterator<ScannedItem> }> {
    const store = await openStore({ maxFileSize: 16 * MiB, maxBufferSize: 8 * MiB, overwrite: true })
    const items = (
      await layBlocks(
        store.db,
        Array.from({ length: 6 }, () => 500 * KiB),
        [10, 20, 30],
      )
    ).flat()
    const iterator = store.db.scan({ reverse: true })
    expect(sequencesOf(await take(iterator, shown))).toEqual(range(9 - shown, 9).reverse())
    return { ...store, items, iterator }
  }

  test.each([3, 4, 5])('shows what an ltrim within a block keeps, once (%s items were shown)', async (shown) => {
    const { db, items, iterator } = await inTheMiddle(shown)
    await db.ltrim(0, (items[2] as LaidItem).location.position)
    expect(sequencesOf(await collect(iterator))).toEqual(range(2, 9 - shown).reverse())
  })

  test.each([3, 4, 5])('shows everything before what an rtrim removes, once (%s items were shown)', async (shown) => {
    const { db, items, iterator } = await inTheMiddle(shown)
    await db.rtrim(0, (items[2] as LaidItem).location.position)
    const rest = sequencesOf(await collect(iterator))
    // What was read together with an item that was shown may be shown still.
    expect(rest.filter((sequence) => sequence < 2)).toEqual([1, 0])
    expect(rest).toEqual([...new Set(rest)].sort((a, b) => b - a))
    expect(rest.length).toBeLessThanOrEqual(3)
  })

  test('ends where the rest was dropped', async () => {
    const { db, iterator } = await inTheMiddle()
    await db.dropIndex(0)
    expect(sequencesOf(await collect(iterator))).toEqual([])
  })

  test('goes on in the file before where its own is dropped', async () => {
    const { db } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    const iterator = db.scan({ reverse: true })
    await take(iterator, 1)
    await db.dropIndex(2)
    await db.dropIndex(3)
    const inFile = (index: number): number => items.filter(({ location }) => location.index === index).length
    expect(sequencesOf(await collect(iterator))).toEqual(range(0, inFile(0) + inFile(1)).reverse())
  })

  test('sees every item that is never removed, in order, once', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferItems: 3 })
    takeTurns(disk)
    const random = seededNumbers(5)
    for (let round = 0; round < 15; round++) {
      const before = [...(await fillUpTo(db, (await db.stats()).lastIndex + 2, 30)), ...(await commitItems(db, 200, 300, 250, 280))]
      const first = (await collect(db.scan({ from: { location: (before[0] as LaidItem).location } })))[0] as ScannedItem
      const removed = new Set<LaidItem>()
      const found: ScannedItem[] = []
      for await (const one of db.scan({ reverse: true, from: { sequence: first.sequence } })) {
        found.push(one)
        if (random() > 0.15) continue
        const left = before.filter((item) => !removed.has(item))
        if (left.length === 0) continue
        const { index, position } = (left[Math.floor(random() * left.length)] as LaidItem).location
        const isLeft = random() < 0.5
        for (const item of left) {
          if (item.location.index === index && item.location.position < position === isLeft) removed.add(item)
        }
        await db[isLeft ? 'ltrim' : 'rtrim'](index, position)
      }
      const sequences = sequencesOf(found)
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => b - a))
      const seen = new Map(found.map(({ location, data }) => [`${location.index}:${location.position}`, data]))
      for (const item of before) {
        if (!removed.has(item)) expect(seen.get(`${item.location.index}:${item.location.position}`)).toEqual(item.data)
      }
    }
  })
})

describe('damage', () => {
  test.each([
    ['in an item', (items: LaidItem[]) => physical((items[4] as LaidItem).location.position + 9), [8, 7, 6]],
    ['in the length of an item', (items: LaidItem[]) => physical((items[4] as LaidItem).location.position), [8, 7, 6]],
  ])('%s ends a reverse scan in CORRUPT, after what comes behind it', async (_, place, expected) => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [25, 35, 45], [10, 11, 12])).flat()
    flipBit(memory, 'data00000.dat', place(items))
    const found: number[] = []
    const scanning = (async () => {
      for await (const { sequence } of db.scan({ reverse: true })) found.push(sequence)
    })()
    expect(await codeOf(scanning)).toBe('CORRUPT')
    expect(found).toEqual(expected)
  })

  test('in a block header ends a reverse scan in CORRUPT before it shows anything of that file', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [25, 35, 45], [10, 11, 12])).flat()
    flipBit(memory, 'data00000.dat', physical((items[3] as LaidItem).location.position - BLOCK_HEADER))
    const iterator = db.scan({ reverse: true })
    expect(await codeOf(iterator.next())).toBe('CORRUPT')
  })

  test('that comes while a block is about to be read ends it in CORRUPT', async () => {
    const { db, memory } = await openStore({ maxFileSize: 16 * MiB, maxBufferSize: 8 * MiB })
    const items = (await layBlocks(db, [20], [MiB, MiB, MiB])).flat()
    const iterator = db.scan({ reverse: true })
    await take(iterator, 1)
    flipBit(memory, 'data00000.dat', physical((items[0] as LaidItem).location.position - BLOCK_HEADER))
    expect(await codeOf(collect(iterator))).toBe('CORRUPT')
  })

  test('of the medium is an error by name', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20], [30])
    disk.inject({ kind: 'read', nth: 3, fault: fail('IO') })
    expect(await codeOf(collect(db.scan({ reverse: true })))).toBe('IO')
  })
})
