import { Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { damagedStores, intactItems, intactStore, nameOf, SMALL } from './support/damaged-stores.js'
import { commitItems, type LaidItem } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { copyFiles, diskOf, FILE_HEADER, fileOf, physical } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

const stores = await damagedStores()

describe.each(stores)('a store with $name', ({ files }) => {
  test('is opened for writing after a repair, is intact, and has every item where it was', async () => {
    const intact = await intactItems(files)
    const memory = await diskOf(files)
    const { steps, dryRun } = await Varve.repair(memory, SMALL)
    expect(dryRun).toBe(false)
    expect(steps.length).toBeGreaterThan(0)
    const { db } = await openStore(SMALL, memory)
    expect(await db.verify()).toMatchObject({ isIntact: true, items: intact.length })
    const items = await collect(db.scan())
    expect(items.map(({ location, sequence, data }) => ({ location, sequence, data: [...data] }))).toEqual(
      intact.map(({ location, sequence, data }) => ({ location, sequence, data: [...data] })),
    )
    await db.stop()
    expect((await Varve.repair(memory, SMALL)).steps).toEqual([])
  })

  test('is not changed by a dry run, which says what would be done', async () => {
    const memory = await diskOf(files)
    const plan = await Varve.repair(memory, { ...SMALL, dryRun: true })
    expect(await copyFiles(memory)).toEqual(files)
    const done = await Varve.repair(memory, SMALL)
    expect(plan).toEqual({ ...done, dryRun: true })
  })
})

describe('a repair', () => {
  test('keeps what it changes under .quarantine. names, durably, before it changes it', async () => {
    const [{ files }] = stores as [(typeof stores)[number]]
    const memory = await diskOf(files)
    const { steps, damages } = await Varve.repair(memory, SMALL)
    const after = await copyFiles(memory)
    const [step] = steps
    expect(step).toMatchObject({ action: 'rewrite', file: nameOf(0), index: 0 })
    for (const name of step?.savedAs ?? []) expect(name).toMatch(/^\.quarantine\.data00000\.dat\.\d+$/)
    const [damage] = damages
    const { offset, length } = damage as { readonly offset: number; readonly length: number }
    const damaged = Buffer.from(fileOf(files, nameOf(0)).subarray(offset, offset + length))
    expect(step?.savedAs.some((name) => Buffer.from(fileOf(after, name)).includes(damaged))).toBe(true)
  })

  test('leaves a lost item its place and its sequence: to read it is CORRUPT, and what is added comes behind', async () => {
    const { files, items } = await intactStore()
    const { location } = items[1] as LaidItem
    const bytes = Uint8Array.from(fileOf(files, nameOf(0))).fill(7, physical(location.position) + 10, physical(location.position) + 14)
    const memory = await diskOf(new Map(files).set(nameOf(0), bytes))
    await Varve.repair(memory, SMALL)
    const { db } = await openStore(SMALL, memory)
    expect(await codeOf(db.read(location))).toBe('CORRUPT')
    expect((await db.stats()).nextSequence).toBe(items.length)
    expect((await collect(db.scan())).map(({ sequence }) => sequence)).toEqual(items.map((_, n) => n).filter((n) => n !== 1))
    expect(await db.verify()).toMatchObject({ isIntact: true, lost: 1 })
    await db.stop()
  })

  test('of the last file, of which nothing is left, goes on in the next one: no place is used twice', async () => {
    const { files, items } = await intactStore()
    const last = Math.max(...items.map(({ location }) => location.index))
    const memory = await diskOf(new Map(files).set(nameOf(last), new Uint8Array(300).fill(0xaa)))
    await Varve.repair(memory, SMALL)
    const { db } = await openStore(SMALL, memory)
    const { index } = await db.add(Uint8Array.of(1))
    expect(index).toBe(last + 1)
    for (const { location } of items.filter((item) => item.location.index === last)) expect(await codeOf(db.read(location))).toBe('CORRUPT')
    await db.stop()
  })

  test('of a transaction without its end, of which a file in the middle is missing, takes the rest of it away', async () => {
    const { db, memory } = await openStore(SMALL)
    const before = await db.add(new Uint8Array(20), { durable: true })
    await commitItems(db, 300, 300, 300, 300)
    const files = await copyFiles(memory)
    const last = [...files.keys()].filter((name) => name.endsWith('.dat')).length - 1
    files.delete(nameOf(last))
    files.delete(nameOf(2))
    expect(last).toBe(4)
    expect(await codeOf(Varve.open(await diskOf(files), SMALL))).toBe('FILE_MISSING')
    const damaged = await diskOf(files)
    const { steps } = await Varve.repair(damaged, SMALL)
    expect(steps.filter(({ action }) => action === 'set-aside').map(({ index }) => index)).toEqual([3])
    const { db: again } = await openStore(SMALL, damaged)
    expect((await collect(again.scan())).map(({ location }) => location)).toEqual([before])
    expect(await again.verify()).toMatchObject({ isIntact: true })
    await again.stop()
  })

  test('of an intact store does nothing, and of none is NOT_FOUND', async () => {
    const { files } = await intactStore()
    const memory = await diskOf(files)
    expect(await Varve.repair(memory, SMALL)).toEqual({ dryRun: false, steps: [], damages: [] })
    expect(await copyFiles(memory)).toEqual(files)
    const nothing = await diskOf(new Map())
    expect(await codeOf(Varve.repair(nothing, SMALL))).toBe('NOT_FOUND')
    expect(await nothing.list()).toEqual([])
  })

  test('of a store that runs is LOCKED, and touches nothing', async () => {
    const [{ files }] = stores as [(typeof stores)[number]]
    const { db, memory } = await openStore(SMALL, await diskOf(files))
    expect(await codeOf(Varve.repair(memory, SMALL))).toBe('LOCKED')
    await db.stop()
    expect([...(await copyFiles(memory)).keys()].filter((name) => name.startsWith('.quarantine.'))).toEqual([])
  })

  test('does not take another application’s store, or half of one and half of another, for a damaged one', async () => {
    const { files } = await intactStore()
    const { files: others } = await intactStore()
    const genesisBytes = Uint8Array.of(1, 2, 3, 4)
    const memory = await diskOf(files)
    expect(await codeOf(Varve.repair(memory, { ...SMALL, genesisBytes }))).toBe('GENESIS_MISMATCH')
    expect(await copyFiles(memory)).toEqual(files)
    const names = [...files.keys()].sort()
    const mixed = new Map(names.map((name, n) => [name, fileOf(n % 2 === 0 ? files : others, name)]))
    if (names.length % 2 === 1) mixed.delete(names.at(-1) as string)
    expect(await codeOf(Varve.repair(await diskOf(mixed), SMALL))).toBe('FOREIGN_FILE')
  })

  test('gives up between two steps when it is told to', async () => {
    const [{ files }] = stores as [(typeof stores)[number]]
    const memory = await diskOf(files)
    const reason = new Error('enough')
    await expect(Varve.repair(memory, { ...SMALL, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(await copyFiles(memory)).toEqual(files)
  })
})

describe('where only one data file is left, with a number above 0, and it has no header', () => {
  test('a start is CORRUPT and changes nothing: from 0 on the numbers would be used a second time', async () => {
    const { files } = await intactStore()
    for (const damaged of [new Uint8Array(0), new Uint8Array(FILE_HEADER), fileOf(files, nameOf(2)).subarray(0, 50)]) {
      const left = new Map([[nameOf(2), damaged]])
      for (const readOnly of [false, true]) {
        const memory = await diskOf(left)
        expect(await failure(Varve.open(memory, { ...SMALL, readOnly }))).toMatchObject({ code: 'CORRUPT' })
        expect(await copyFiles(memory)).toEqual(left)
      }
    }
  })

  test('so is one where the two last files have none: the first of them was in use before the other was made', async () => {
    const { files } = await intactStore()
    const left = new Map([
      [nameOf(0), fileOf(files, nameOf(0))],
      [nameOf(1), new Uint8Array(0)],
      [nameOf(2), new Uint8Array(10)],
    ])
    const memory = await diskOf(left)
    expect(await codeOf(Varve.open(memory, SMALL))).toBe('CORRUPT')
    expect(await copyFiles(memory)).toEqual(left)
  })

  test('a file 0 that was created and never used is made anew', async () => {
    const { db } = await openStore(SMALL, await diskOf(new Map([[nameOf(0), new Uint8Array(30)]])))
    expect(await db.add(Uint8Array.of(1))).toMatchObject({ index: 0 })
    await db.stop()
  })
})

test('what stands last for a dropped file is not added to: items go to a file of their own', async () => {
  const { db, memory } = await openStore(SMALL)
  const locations = []
  for (let n = 0; n < 3; n++) locations.push(await db.add(new Uint8Array(300).fill(n + 1), { durable: true }))
  await db.dropIndex(1)
  await db.stop()
  const files = await copyFiles(memory)
  // As where somebody has taken the last file away.
  files.delete(nameOf(2))
  const { db: again, memory: disk } = await openStore(SMALL, await diskOf(files))
  const location = await again.add(Uint8Array.of(9), { durable: true })
  expect(location.index).toBe(2)
  await again.stop()
  const { db: third } = await openStore(SMALL, disk)
  expect(await third.read(location)).toEqual(Uint8Array.of(9))
  await third.stop()
})
