import { hold } from '@varve/backend/faults'
import { KiB, MiB, type ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, flipBit, physical } from './support/stored-bytes.js'
import { inject, openStore, recordEvents, watchWrites } from './support/test-store.js'
import { expectFreshPlace, expectKept, trimScenes } from './support/trimming.js'
import { takeTurns } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe.each(trimScenes)('ltrim of $name', ({ make }) => {
  test('at each of its items removes what is before and leaves everything else as it was', async () => {
    const { all, index } = await make()
    const count = all.filter(({ location }) => location.index === index).length
    expect(count).toBeGreaterThan(2)
    for (let n = 0; n <= count; n++) {
      const store = await make()
      const items = store.all.filter(({ location }) => location.index === index)
      const last = items.at(-1) as ScannedItem
      const position = items[n]?.location.position ?? last.location.position + 8 + last.location.size
      const bytes = await store.db.ltrim(index, position)
      expect(bytes).toBe(items.slice(0, n).reduce((sum, { location }) => sum + location.size, 0))
      await expectKept(store, ({ location }) => location.index !== index || location.position >= position)
      await expectFreshPlace(store)
    }
  })

  test('at each of its items, one after the other, does so each time', async () => {
    const store = await make()
    const { db, all, index } = store
    for (const { location } of all.filter((one) => one.location.index === index)) {
      await db.ltrim(index, location.position)
      const kept = all.filter((one) => one.location.index !== index || one.location.position >= location.position)
      expect(await collect(db.scan())).toEqual(kept)
    }
    await expectFreshPlace(store)
  })

  test('is INVALID_LOCATION at every position where no item begins, and changes nothing', async () => {
    const { db, all, index, memory } = await make()
    const items = all.filter(({ location }) => location.index === index)
    const begins = new Set(items.map(({ location }) => location.position))
    const last = (items.at(-1) as ScannedItem).location
    const before = await copyFiles(memory)
    for (const { location } of items) {
      for (let at = location.position + 1; at < location.position + 8 + location.size; at += at < location.position + 9 ? 1 : 17) {
        if (!begins.has(at)) expect(await codeOf(db.ltrim(index, at)), `at ${at}`).toBe('INVALID_LOCATION')
      }
    }
    for (const at of [last.position + 8 + last.size + BLOCK_HEADER + 1, 5000, 2 ** 32 - 1])
      expect(await codeOf(db.ltrim(index, at))).toBe('INVALID_LOCATION')
    expect(await copyFiles(memory)).toEqual(before)
    expect(await collect(db.scan())).toEqual(all)
  })
})

describe('the position of an ltrim', () => {
  test('may be that of a block, which is where its first item begins', async () => {
    const { db } = await openStore(SMALL)
    const blocks = (await layBlocks(db, [20, 30], [40, 50])) as [LaidItem[], LaidItem[]]
    const start = (blocks[1][0] as LaidItem).location.position
    expect(await codeOf(db.ltrim(0, start - 1))).toBe('INVALID_LOCATION')
    expect(await db.ltrim(0, start - BLOCK_HEADER)).toBe(50)
    expect(sequencesOf(await collect(db.scan()))).toEqual([2, 3])
    expect(await db.ltrim(0, start)).toBe(0)
  })

  test('before everything that is there removes nothing, writes nothing and tells nothing', async () => {
    const { db, disk } = await openStore(SMALL)
    const [a, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    await db.ltrim(0, b.location.position)
    const events = recordEvents(db)
    const writes = watchWrites(disk)
    for (const position of [0, a.location.position, b.location.position - BLOCK_HEADER, b.location.position])
      expect(await db.ltrim(0, position)).toBe(0)
    expect(writes()).toEqual([])
    expect(events).toEqual([])
  })

  test('at the end of everything is a drop', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30], [40])).flat()
    const events = recordEvents(db)
    const end = (items[2] as LaidItem).location.position + 48
    const { bytes } = await db.stats()
    expect(await db.ltrim(0, end)).toBe(90)
    expect(events.map(({ name }) => name)).toEqual(['rotate', 'destroyIndex', 'trim'])
    expect(events[1]).toMatchObject({ index: 0, size: bytes + BLOCK_HEADER })
    expect(events[2]).toMatchObject({ index: 0, side: 'left', position: end, bytes: 90 })
    expect(await memory.list()).toEqual(['data00001.dat'])
    expect((await addItems(db, 5))[0]?.location.index).toBe(1)
  })

  test('is INDEX_NOT_FOUND in a file that is not there', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await db.dropIndex(0)
    await db.dropIndex(2)
    for (const index of [0, 2, 4, 4294967295]) expect(await codeOf(db.ltrim(index, 44))).toBe('INDEX_NOT_FOUND')
  })

  test.each([
    ['an index', [-1, 0]],
    ['an index that is a fraction', [0.5, 0]],
    ['a position', [0, -1]],
    ['a position of more than 32 bits', [0, 2 ** 32]],
    ['a position that is no number', [0, Number.NaN]],
  ] as const)('is INVALID_LOCATION with %s that none can be', async (_, [index, position]) => {
    const { db } = await openStore(SMALL)
    expect(await codeOf(db.ltrim(index, position))).toBe('INVALID_LOCATION')
    expect(await codeOf(db.rtrim(index, position))).toBe('INVALID_LOCATION')
  })

  test('and the rest are a TypeError where they are something else', async () => {
    const { db } = await openStore(SMALL)
    expect(await rejection(db.ltrim('0' as never, 44))).toBeInstanceOf(TypeError)
    expect(await rejection(db.ltrim(0, undefined as never))).toBeInstanceOf(TypeError)
    expect(await rejection(db.ltrim(0, 44, { expect: 'x' as never }))).toBeInstanceOf(TypeError)
  })
})

describe('the bytes that an ltrim expects', () => {
  test('are the last ones of the last item removed', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30], [40, 50])).flat() as [LaidItem, LaidItem, LaidItem, LaidItem]
    const before = await copyFiles(memory)
    const { position } = items[3].location
    const wrong = [
      items[3].data,
      items[2].data.subarray(0, 5),
      items[1].data,
      Uint8Array.from([...items[2].data, 1]),
      Uint8Array.from([1, ...items[2].data]),
    ]
    for (const expect_ of wrong) expect(await codeOf(db.ltrim(0, position, { expect: expect_ }))).toBe('TRIM_MISMATCH')
    expect(await copyFiles(memory)).toEqual(before)
    expect(await db.ltrim(0, position, { expect: items[2].data.subarray(35) })).toBe(90)
    expect(sequencesOf(await collect(db.scan()))).toEqual([3])
  })

  test('may be the item as a whole, or none at all', async () => {
    const { db } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30], [40, 50])).flat() as [LaidItem, LaidItem, LaidItem, LaidItem]
    expect(await db.ltrim(0, items[1].location.position, { expect: items[0].data })).toBe(20)
    expect(await db.ltrim(0, items[2].location.position, { expect: new Uint8Array(0) })).toBe(30)
  })

  test('do not match where nothing would be removed', async () => {
    const { db } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    expect(await codeOf(db.ltrim(0, one.location.position, { expect: one.data }))).toBe('TRIM_MISMATCH')
    expect(await codeOf(db.ltrim(0, one.location.position, { expect: new Uint8Array(0) }))).toBe('TRIM_MISMATCH')
  })
})

describe('an ltrim and what goes on meanwhile', () => {
  test('covers what is only in memory yet', async () => {
    const { db } = await openStore(SMALL)
    const [, second] = (await addItems(db, 20, 30)) as [LaidItem, LaidItem]
    expect(await db.ltrim(0, second.location.position)).toBe(20)
    expect(sequencesOf(await collect(db.scan()))).toEqual([1])
  })

  test('of the current file leaves every add that is made meanwhile in its place', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxFileSize: 4096, maxBufferItems: 3 })
    takeTurns(disk)
    const items = (await layBlocks(db, [20, 30, 40], [50, 60])).flat()
    const added: LaidItem[] = []
    let isDone = false
    const adding = (async () => {
      while (!isDone) added.push(...(await addItems(db, 10, 12)))
    })()
    for (const { location } of items) await db.ltrim(0, location.position)
    isDone = true
    await adding
    await db.flush()
    for (const { location, data } of added) expect(await db.read(location)).toEqual(data)
    expect(new Set(added.map(({ location }) => `${location.index}:${location.position}`)).size).toBe(added.length)
    const last = items.at(-1) as LaidItem
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual([last, ...added].map(({ location }) => location))
    await db.stop()
    await db.start()
    for (const { location, data } of added) expect(await db.read(location)).toEqual(data)
  })

  test('waits for those who read the file, and lets nobody read half of either', async () => {
    const { db, disk } = await openStore(SMALL)
    const [a, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const gate = inject(disk, hold(), { kind: 'read', nth: 1, name: 'data00000.dat', where: ({ size }) => size === 28 })
    const reading = db.read(a.location)
    await gate.reached
    const trim = db.ltrim(0, b.location.position)
    await settle()
    expect(disk.count('replace')).toBe(0)
    gate.release()
    expect(await reading).toEqual(a.data)
    await trim
    expect(await db.read(a.location)).toBeUndefined()
    expect(await db.read(b.location)).toEqual(b.data)
  })

  test('comes after the one that was asked for before it', async () => {
    const { db } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40, 50])).flat() as LaidItem[]
    const results = await Promise.allSettled([
      db.ltrim(0, (items[1] as LaidItem).location.position),
      db.ltrim(0, (items[3] as LaidItem).location.position),
      db.ltrim(0, (items[2] as LaidItem).location.position),
      db.dropIndex(0),
      db.ltrim(0, (items[3] as LaidItem).location.position),
    ])
    expect(results.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code))).toEqual([
      20,
      70,
      0,
      expect.any(Number),
      'INDEX_NOT_FOUND',
    ])
  })

  test('is finished by a stop that comes meanwhile', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const trim = db.ltrim(0, b.location.position)
    await db.stop()
    expect(await trim).toBe(20)
    expect((await memory.list()).length).toBe(1)
    await db.start()
    expect(sequencesOf(await collect(db.scan()))).toEqual([1])
  })
})

describe('what an ltrim needs', () => {
  test('is the permission to overwrite, which may be given and taken back', async () => {
    const { db } = await openStore({ maxFileSize: 1024 })
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const attempts = [() => db.ltrim(0, b.location.position), () => db.rtrim(0, b.location.position), () => db.dropIndex(0)]
    for (const attempt of attempts) expect(await codeOf(attempt())).toBe('OVERWRITE_DISABLED')
    db.enableOverwrite()
    expect(await db.ltrim(0, b.location.position)).toBe(20)
    db.disableOverwrite()
    for (const attempt of attempts) expect(await codeOf(attempt())).toBe('OVERWRITE_DISABLED')
    await db.stop()
    for (const attempt of attempts) expect(await codeOf(attempt())).toBe('NOT_RUNNING')
  })

  test('is an intact file: it is CORRUPT where the block it cuts is damaged, and changes nothing', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [50, 60])).flat() as LaidItem[]
    flipBit(memory, 'data00000.dat', physical((items[1] as LaidItem).location.position))
    const before = await copyFiles(memory)
    expect(await codeOf(db.ltrim(0, (items[2] as LaidItem).location.position))).toBe('CORRUPT')
    expect(await codeOf(db.rtrim(0, (items[2] as LaidItem).location.position))).toBe('CORRUPT')
    expect(await copyFiles(memory)).toEqual(before)
    expect(db.state).toBe('running')
  })

  test('is CORRUPT too where the file header is damaged', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 1)
    await db.stop()
    await db.start()
    flipBit(memory, 'data00000.dat', 20)
    const { position } = (items[2] as LaidItem).location
    for (const trim of [() => db.ltrim(0, position), () => db.rtrim(0, position)]) expect(await codeOf(trim())).toBe('CORRUPT')
  })

  test('is CORRUPT too where a block header is damaged', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30], [50, 60])).flat() as LaidItem[]
    flipBit(memory, 'data00000.dat', physical((items[2] as LaidItem).location.position - 10))
    expect(await codeOf(db.ltrim(0, (items[1] as LaidItem).location.position))).toBe('CORRUPT')
    expect(await codeOf(db.rtrim(0, (items[3] as LaidItem).location.position))).toBe('CORRUPT')
  })
})

test('a large file is rewritten a MiB at a time', async () => {
  const { db, disk } = await openStore({ maxFileSize: 8 * MiB, maxBufferSize: 64 * KiB, overwrite: true })
  const datas = [item(100), item(2 * MiB), item(1500 * KiB)]
  const [, second, third] = await db.addMany(datas)
  const before = disk.calls.length
  await db.ltrim(0, second?.position as number)
  const appends = disk.calls.slice(before).filter(({ kind, name }) => kind === 'append' && name === '.tmp.data00000.dat')
  expect(Math.max(...appends.map(({ size }) => size ?? 0))).toBe(MiB)
  expect(Buffer.compare((await db.read(second as never)) as Uint8Array, datas[1] as Uint8Array)).toBe(0)
  expect(Buffer.compare((await db.read(third as never)) as Uint8Array, datas[2] as Uint8Array)).toBe(0)
})

test('an ltrim within a transaction across files leaves the rest of it, also for a reader elsewhere and after a crash', async () => {
  const { db, memory, options } = await openStore(SMALL)
  const items = await commitItems(db, 300, 300, 300, 300, 300)
  const cut = items[3] as LaidItem
  expect(cut.location.index).toBe(1)
  await db.ltrim(1, cut.location.position)
  const expected = [0, 1, 3, 4]
  expect(sequencesOf(await collect(db.scan()))).toEqual(expected)
  const { db: second } = await openStore({ ...options, readOnly: true }, memory)
  expect(sequencesOf(await collect(second.scan()))).toEqual(expected)
  await db.stop()
  await db.start()
  expect(sequencesOf(await collect(db.scan()))).toEqual(expected)
})
