import { hold } from '@varve/backend/faults'
import type { ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles } from './support/stored-bytes.js'
import { inject, openStore, recordEvents, watchWrites } from './support/test-store.js'
import { expectFreshPlace, expectKept, trimScenes } from './support/trimming.js'
import { takeTurns } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe.each(trimScenes)('rtrim of $name', ({ make }) => {
  test('at each of its items removes it and what is behind, and leaves everything else as it was', async () => {
    const { all, index } = await make()
    const count = all.filter(({ location }) => location.index === index).length
    for (let n = 0; n <= count; n++) {
      const store = await make()
      const items = store.all.filter(({ location }) => location.index === index)
      const last = items.at(-1) as ScannedItem
      const position = items[n]?.location.position ?? last.location.position + 8 + last.location.size
      const bytes = await store.db.rtrim(index, position)
      expect(bytes).toBe(items.slice(n).reduce((sum, { location }) => sum + location.size, 0))
      await expectKept(store, ({ location }) => location.index !== index || location.position < position)
      await expectFreshPlace(store)
    }
  })

  test('at each of its items, the last one first, does so each time', async () => {
    const store = await make()
    const { db, all, index } = store
    for (const { location } of all.filter((one) => one.location.index === index).reverse()) {
      await db.rtrim(index, location.position)
      const kept = all.filter((one) => one.location.index !== index || one.location.position < location.position)
      expect(await collect(db.scan())).toEqual(kept)
    }
    await expectFreshPlace(store)
  })

  test('is INVALID_LOCATION at every position where no item begins, and changes nothing', async () => {
    const { db, all, index, memory } = await make()
    const items = all.filter(({ location }) => location.index === index)
    const begins = new Set(items.map(({ location }) => location.position))
    const before = await copyFiles(memory)
    for (const { location } of items) {
      for (let at = location.position + 1; at < location.position + 8 + location.size; at += 13) {
        if (!begins.has(at)) expect(await codeOf(db.rtrim(index, at)), `at ${at}`).toBe('INVALID_LOCATION')
      }
    }
    expect(await copyFiles(memory)).toEqual(before)
    expect(await collect(db.scan())).toEqual(all)
  })
})

describe('an rtrim of the current file', () => {
  test('sends what comes to the next one, and its places are never given out again', async () => {
    const { db } = await openStore(SMALL)
    const [a, b, c] = (await layBlocks(db, [20, 30, 40])).flat() as [LaidItem, LaidItem, LaidItem]
    await db.rtrim(0, b.location.position)
    for (let round = 0; round < 3; round++) {
      const added = await fillUpTo(db, 2 * round + 2)
      for (const { location } of added) expect(location.index).toBeGreaterThan(0)
      for (const gone of [b, c]) expect(await db.read(gone.location)).toBeUndefined()
      expect(await db.read(a.location)).toEqual(a.data)
      await db.stop()
      await db.start()
    }
  })

  test('to nothing drops it', async () => {
    const { db, memory } = await openStore(SMALL)
    const [a] = (await layBlocks(db, [20, 30, 40])).flat() as [LaidItem]
    const events = recordEvents(db)
    expect(await db.rtrim(0, a.location.position)).toBe(90)
    expect(events.map(({ name }) => name)).toEqual(['rotate', 'destroyIndex', 'trim'])
    expect(await memory.list()).toEqual(['data00001.dat'])
    expect(await db.read(a.location)).toBeUndefined()
  })

  test('carries sequence and time on', async () => {
    const { db, clock } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const { timestamp } = (await collect(db.scan())).at(-1) as ScannedItem
    await db.rtrim(0, b.location.position)
    clock.jumpTo(timestamp - 5000)
    await db.stop()
    await db.start()
    await layBlocks(db, [40])
    const last = (await collect(db.scan())).at(-1) as ScannedItem
    expect(last).toMatchObject({ sequence: 2, timestamp, location: { index: 1 } })
  })

  test('while adds go on removes nothing that was added after it, and shows nothing that it removed', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferItems: 3 })
    takeTurns(disk)
    const items = (await layBlocks(db, [20, 30, 40], [50, 60])).flat() as LaidItem[]
    const added: LaidItem[] = []
    let isDone = false
    const adding = (async () => {
      while (!isDone) added.push(...(await addItems(db, 10, 12)))
    })()
    const { position } = (items[1] as LaidItem).location
    await db.rtrim(0, position)
    const before = added.length
    while (added.length < before + 20) await settle(1)
    isDone = true
    await adding
    await db.flush()
    for (const { location, data } of added) expect(await db.read(location)).toEqual(location.index === 0 ? undefined : data)
    for (const { location } of added.slice(before + 2)) expect(location.index).toBeGreaterThan(0)
    const expected = [items[0] as LaidItem, ...added.filter(({ location }) => location.index > 0)]
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(expected.map(({ location }) => location))
  })

  test('is FULL where no file is left to go on in, and changes nothing', async () => {
    const { db, memory } = await openStore({ maxFileSize: 512, filePadding: 1, overwrite: true })
    const items = await fillUpTo(db, 9, 100)
    items.push(...(await addItems(db, 50)))
    await db.flush()
    const before = await copyFiles(memory)
    const last = items.at(-1) as LaidItem
    expect(last.location.index).toBe(9)
    expect(await codeOf(db.rtrim(9, last.location.position))).toBe('FULL')
    expect(await codeOf(db.dropIndex(9))).toBe('FULL')
    expect(await copyFiles(memory)).toEqual(before)
    expect(db.state).toBe('running')
    expect(await db.read(last.location)).toEqual(last.data)
  })
})

describe('the position of an rtrim', () => {
  test('may be that of a block, which is where its first item begins', async () => {
    const { db } = await openStore(SMALL)
    const blocks = (await layBlocks(db, [20, 30], [40, 50])) as [LaidItem[], LaidItem[]]
    const start = (blocks[1][0] as LaidItem).location.position
    expect(await db.rtrim(0, start - BLOCK_HEADER)).toBe(90)
    expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1])
  })

  test('behind the last item removes nothing, writes nothing and tells nothing', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = await fillUpTo(db, 1)
    const last = items.filter(({ location }) => location.index === 0).at(-1) as LaidItem
    const end = last.location.position + 8 + last.location.size
    const events = recordEvents(db)
    const writes = watchWrites(disk)
    for (const position of [end, end + BLOCK_HEADER]) expect(await db.rtrim(0, position)).toBe(0)
    expect(writes()).toEqual([])
    expect(events).toEqual([])
  })

  test('before everything that an ltrim kept removes all that is left', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    await db.ltrim(0, b.location.position)
    expect(await db.rtrim(0, 44)).toBe(30)
    expect(await memory.list()).toEqual(['data00001.dat'])
  })

  test('is INDEX_NOT_FOUND in a file that is not there', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    await db.dropIndex(1)
    for (const index of [1, 3]) expect(await codeOf(db.rtrim(index, 44))).toBe('INDEX_NOT_FOUND')
  })
})

describe('the bytes that an rtrim expects', () => {
  test('are the first ones of the first item removed', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30], [40, 50])).flat() as [LaidItem, LaidItem, LaidItem, LaidItem]
    const before = await copyFiles(memory)
    const { position } = items[2].location
    const wrong = [items[1].data, items[2].data.subarray(1), items[3].data, Uint8Array.from([...items[2].data, 1])]
    for (const expect_ of wrong) expect(await codeOf(db.rtrim(0, position, { expect: expect_ }))).toBe('TRIM_MISMATCH')
    expect(await copyFiles(memory)).toEqual(before)
    expect(await db.rtrim(0, position, { expect: items[2].data.subarray(0, 7) })).toBe(90)
    expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1])
  })

  test('do not match where nothing would be removed', async () => {
    const { db } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    expect(await codeOf(db.rtrim(0, one.location.position + 28, { expect: new Uint8Array(0) }))).toBe('TRIM_MISMATCH')
  })
})

describe('an rtrim and others', () => {
  test('waits for those who read the file', async () => {
    const { db, disk } = await openStore(SMALL)
    const [a, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const gate = inject(disk, hold(), { kind: 'read', where: ({ size }) => size === 38 })
    const reading = db.read(b.location)
    await gate.reached
    const trim = db.rtrim(0, b.location.position)
    await settle()
    expect(disk.count('replace')).toBe(0)
    gate.release()
    expect(await reading).toEqual(b.data)
    await trim
    expect(await db.read(b.location)).toBeUndefined()
    expect(await db.read(a.location)).toEqual(a.data)
  })

  test('comes after an item that is larger than the buffer and is being written', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferSize: 128 })
    const [a] = (await layBlocks(db, [20, 30])).flat() as [LaidItem]
    const gate = inject(disk, hold(), { kind: 'append' })
    const adding = addItems(db, 300)
    await gate.reached
    const trim = db.rtrim(0, a.location.position)
    await settle()
    gate.release()
    const [large] = (await adding) as [LaidItem]
    expect(await trim).toBe(large.location.index === 0 ? 350 : 50)
    expect(await db.read(large.location)).toEqual(large.location.index === 0 ? undefined : large.data)
  })

  test('within a transaction across files leaves the rest of it, also for a reader elsewhere and after a crash', async () => {
    const { db, memory, options } = await openStore(SMALL)
    const items = await commitItems(db, 300, 300, 300, 300, 300)
    await db.rtrim(0, (items[1] as LaidItem).location.position)
    const expected = [0, 2, 3, 4]
    expect(sequencesOf(await collect(db.scan()))).toEqual(expected)
    const { db: second } = await openStore({ ...options, readOnly: true }, memory)
    expect(sequencesOf(await collect(second.scan()))).toEqual(expected)
    await db.stop()
    await db.start()
    expect(sequencesOf(await collect(db.scan()))).toEqual(expected)
    expect(sequencesOf(await collect(db.scan({ reverse: true })))).toEqual([...expected].reverse())
  })
})
