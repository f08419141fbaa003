import { hold } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf } from './support/stored-bytes.js'
import { inject, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

/** The store's items that are not in these files. */
const without = (items: readonly LaidItem[], ...indexes: number[]): LaidItem[] =>
  items.filter(({ location }) => !indexes.includes(location.index))

describe('dropping a file', () => {
  test('that stands first takes it away, and its length is told', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    const size = fileOf(await copyFiles(memory), 'data00000.dat').length
    const events = recordEvents(db)
    expect(await db.dropIndex(0)).toBe(size)
    expect(events).toMatchObject([{ name: 'destroyIndex', index: 0, size }])
    expect((await memory.list()).length).toBe(2)
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(without(items, 0).map(({ location }) => location))
    expect(await db.stats()).toMatchObject({ firstIndex: 1, files: 2, firstSequence: items.length - without(items, 0).length })
  })

  test('between others leaves a stub: a header and a closing block', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    await db.dropIndex(1)
    expect(fileOf(await copyFiles(memory), 'data00001.dat').length).toBe(FILE_HEADER + BLOCK_HEADER)
    expect((await collect(db.scan())).map(({ data }) => data)).toEqual(without(items, 1).map(({ data }) => data))
    expect((await collect(db.scan({ reverse: true }))).length).toBe(without(items, 1).length)
    expect(await db.stats()).toMatchObject({ firstIndex: 0, files: 4 })
    await db.stop()
    await db.start()
    expect((await collect(db.scan())).map(({ data }) => data)).toEqual(without(items, 1).map(({ data }) => data))
  })

  test('that is the current one sends what comes to the next, and its index is never used again', async () => {
    const { db } = await openStore(SMALL)
    const [gone] = (await layBlocks(db, [20, 30])).flat() as [LaidItem]
    await db.dropIndex(0)
    for (let round = 1; round < 4; round++) {
      const [added] = (await layBlocks(db, [40])).flat() as [LaidItem]
      expect(added.location.index).toBe(round)
      await db.dropIndex(round)
      await db.stop()
      await db.start()
    }
    expect(await db.read(gone.location)).toBeUndefined()
    const [last] = (await layBlocks(db, [50])).flat() as [LaidItem]
    expect(last.location.index).toBe(4)
    expect(sequencesOf(await collect(db.scan()))).toEqual([5])
  })

  test('takes the stubs with it that come to stand first', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 5)
    for (const index of [2, 1, 4]) await db.dropIndex(index)
    expect((await memory.list()).length).toBe(6)
    await db.dropIndex(0)
    expect(await memory.list()).toEqual(['data00003.dat', 'data00004.dat', 'data00005.dat'])
    await db.dropIndex(3)
    expect(await memory.list()).toEqual(['data00005.dat'])
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(
      without(items, 0, 1, 2, 3, 4).map(({ location }) => location),
    )
  })

  test('of every file, in any order, leaves a store that goes on, also after a crash', async () => {
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
      [2, 0, 3, 1],
    ]) {
      const store = await openStore(SMALL)
      const { db, memory, options } = store
      const items = await fillUpTo(db, 3)
      for (const [n, index] of order.entries()) {
        await db.dropIndex(index)
        const left = without(items, ...order.slice(0, n + 1))
        const { db: crashed } = await openStore(options, await diskOf(await copyFiles(memory)))
        for (const one of [db, crashed]) {
          expect((await collect(one.scan())).map(({ location }) => location)).toEqual(left.map(({ location }) => location))
          for (const { location, data } of items)
            expect(await one.read(location)).toEqual(left.some((kept) => kept.location === location) ? data : undefined)
        }
      }
      const [added] = (await layBlocks(db, [20])).flat() as [LaidItem]
      expect(added.location.index).toBeGreaterThan(3)
      expect(sequencesOf(await collect(db.scan()))).toEqual([items.length])
    }
  })

  test('covers what is only in memory yet', async () => {
    const { db } = await openStore(SMALL)
    const [one] = (await addItems(db, 20, 30)) as [LaidItem]
    await db.dropIndex(0)
    expect(await db.read(one.location)).toBeUndefined()
    expect(await collect(db.scan({ buffered: true }))).toEqual([])
  })

  test('within a transaction across files leaves the rest of it, also after a crash', async () => {
    for (const dropped of [0, 1, 2]) {
      const { db, memory, options } = await openStore(SMALL)
      const items = await commitItems(db, 300, 300, 300, 300, 300, 300, 300)
      await db.dropIndex(dropped)
      const expected = items.flatMap(({ location }, n) => (location.index === dropped ? [] : [n]))
      const { db: crashed } = await openStore(options, await diskOf(await copyFiles(memory)))
      const { db: reader } = await openStore({ ...options, readOnly: true }, memory)
      for (const one of [db, crashed, reader]) expect(sequencesOf(await collect(one.scan()))).toEqual(expected)
    }
  })

  test('is INDEX_NOT_FOUND for a file that is not there, or not any more', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await db.dropIndex(0)
    await db.dropIndex(2)
    for (const index of [0, 2, 4, 4294967295]) expect(await codeOf(db.dropIndex(index))).toBe('INDEX_NOT_FOUND')
    expect(await codeOf(db.dropIndex(-1))).toBe('INVALID_LOCATION')
    expect(await rejection(db.dropIndex('1' as never))).toBeInstanceOf(TypeError)
  })

  test('lets those who read it finish, and nobody in meanwhile', async () => {
    const { db, disk } = await openStore(SMALL)
    const [first, second] = (await fillUpTo(db, 1)) as [LaidItem, LaidItem]
    const gate = inject(disk, hold(), { kind: 'read', name: 'data00000.dat', where: ({ size }) => size === 108 })
    const reading = db.read(first.location)
    await gate.reached
    const drop = db.dropIndex(0)
    await settle()
    const late = db.read(second.location)
    expect(disk.count('remove')).toBe(0)
    gate.release()
    expect(await reading).toEqual(first.data)
    await drop
    expect(await late).toBeUndefined()
  })

  test('of an empty current file moves on to the next', async () => {
    const { db, memory } = await openStore(SMALL)
    expect(await db.dropIndex(0)).toBe(FILE_HEADER + BLOCK_HEADER)
    expect(await memory.list()).toEqual(['data00001.dat'])
    expect((await addItems(db, 5))[0]?.location.index).toBe(1)
  })
})
