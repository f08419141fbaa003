import { fail, readFiles } from '@varve/backend/faults'
import { type Damage, type ScannedItem, type ScanPoint, Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { intactStore, nameOf, SMALL } from './support/damaged-stores.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, sequencesOf, take, within } from './support/scanning.js'
import { diskOf, FILE_HEADER, fileOf, overwrite, physical, type StoredFiles } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

const ignore = (): void => {}
const refuse = ({ detail }: Damage): void => expect.fail(detail)

describe('a scan that goes around damage', () => {
  test('gives the same as another one where nothing is damaged, within any bounds and in both directions', async () => {
    const { files } = await intactStore()
    await using db = await Varve.open(await diskOf(files), SMALL)
    const all = await collect(db.scan())
    const points: (ScanPoint | undefined)[] = [undefined, { sequence: 0 }, { sequence: 1000 }, { time: 0 }, { time: Date.UTC(2099, 0) }]
    for (const n of [0, 3, 6, 9, 12]) points.push({ location: (all[n] as ScannedItem).location }, { sequence: n })
    for (const from of points) {
      for (const to of points) {
        for (const reverse of [false, true]) {
          const bounds = { ...(from && { from }), ...(to && { to }), reverse }
          expect(await collect(db.scan({ ...bounds, onDamage: refuse })), JSON.stringify(bounds)).toEqual(within(all, bounds))
        }
      }
    }
  })

  test('begins at its bound where a file header before or behind it is damaged', async () => {
    const { files, items } = await intactStore()
    for (const index of [0, 1, 2, 3]) {
      const damaged = new Map(files).set(nameOf(index), Uint8Array.from(fileOf(files, nameOf(index))).fill(0x55))
      await using db = await Varve.open(await diskOf(damaged), { ...SMALL, readOnly: true })
      for (const sequence of items.keys()) {
        const found = await collect(db.scan({ from: { sequence }, onDamage: ignore }))
        const expected = items.filter(({ location }, n) => location.index !== index && n >= sequence)
        expect(found.map(({ location }) => location)).toEqual(expected.map(({ location }) => location))
      }
    }
  })

  test('ends with the error of the medium where that is asked for its beginning', async () => {
    const { files } = await intactStore()
    const { db, disk } = await openStore(SMALL, await diskOf(files))
    disk.inject({ kind: 'open', fault: fail('IO'), times: Number.POSITIVE_INFINITY })
    expect(await codeOf(collect(db.scan({ from: { sequence: 5 }, onDamage: ignore })))).toBe('IO')
    expect(await codeOf(collect(db.scan({ onDamage: ignore })))).toBe('IO')
    await db.stop()
  })

  test('takes a function to tell it, and nothing else', async () => {
    const { db } = await openStore(SMALL)
    expect(await rejection((async () => collect(db.scan({ onDamage: true as never })))())).toBeInstanceOf(TypeError)
    await db.stop()
  })

  test('gives what is in memory too, in both directions and within bounds, with the damage told', async () => {
    const { db, memory } = await openStore(SMALL)
    const laid = [...(await layBlocks(db, [20, 30, 40])).flat(), ...(await addItems(db, 50, 60))]
    const { position } = (laid[1] as LaidItem).location
    overwrite(memory, nameOf(0), (bytes) => bytes.fill(7, physical(position) + 10, physical(position) + 15))
    const damages: Damage[] = []
    const onDamage = (damage: Damage): void => void damages.push(damage)
    const scan = async (options: object) => sequencesOf(await collect(db.scan({ buffered: true, onDamage, ...options })))
    expect(await scan({})).toEqual([0, 2, 3, 4])
    expect(await scan({ reverse: true })).toEqual([4, 3, 2, 0])
    expect(damages.map(({ kind }) => kind)).toEqual(['record', 'record'])
    expect(await scan({ from: { sequence: 4 } })).toEqual([4])
    expect(await scan({ from: { sequence: 99 } })).toEqual([])
    expect(await scan({ to: { sequence: 4 }, signal: new AbortController().signal })).toEqual([0, 2, 3])
    expect(await scan({ from: { sequence: 2 }, to: { sequence: 4 }, reverse: true })).toEqual([3, 2])
    expect(await scan({ reverse: true, to: { sequence: 2 } })).toEqual([0])
    await db.stop()
  })

  test('follows what comes behind it', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    const items = db.scan({ follow: true, onDamage: refuse })
    expect(sequencesOf(await take(items, 2))).toEqual([0, 1])
    const next = take(items, 3)
    await commitItems(db, 300, 300, 300)
    expect(sequencesOf(await next)).toEqual([2, 3, 4])
    await items.return?.()
    await db.stop()
  })

  test('passes over files that are dropped while it goes on, as no damage', async () => {
    const { db } = await openStore({ ...SMALL, maxFileSize: 1024 })
    await fillUpTo(db, 3)
    const all = await collect(db.locations())
    const scan = db.scan({ onDamage: refuse })
    await take(scan, 1)
    await db.dropIndex(0)
    await db.dropIndex(1)
    const rest = await collect(scan)
    expect(rest.every(({ location }) => location.index !== 1)).toBe(true)
    expect(rest.filter(({ location }) => location.index > 1)).toHaveLength(all.filter(({ location }) => location.index > 1).length)
    await db.stop()
  })
})

/** A store of which the second item was damaged and then, by a repair, marked as lost. */
async function repaired(): Promise<{ readonly files: StoredFiles; readonly items: readonly LaidItem[] }> {
  const { files, items } = await intactStore()
  const bytes = Uint8Array.from(fileOf(files, nameOf(0)))
  bytes.fill(7, physical((items[1] as LaidItem).location.position) + 10, physical((items[1] as LaidItem).location.position) + 20)
  const memory = await diskOf(new Map(files).set(nameOf(0), bytes))
  await Varve.repair(memory, SMALL)

  return { files: await readFiles(memory), items }
}

describe('an item that a repair has marked as lost', () => {
  test('is passed over by a scan in either direction, and keeps its sequence', async () => {
    const { files, items } = await repaired()
    await using db = await Varve.open(await diskOf(files), SMALL)
    const expected = [...items.keys()].filter((n) => n !== 1)
    for (const options of [{}, { onDamage: refuse }]) {
      expect(sequencesOf(await collect(db.scan(options)))).toEqual(expected)
      expect(sequencesOf(await collect(db.scan({ ...options, reverse: true })))).toEqual([...expected].reverse())
    }
    expect(sequencesOf(await collect(db.locations()))).toEqual(expected)
    expect(await db.verify()).toMatchObject({ isIntact: true, lost: 1 })
  })

  test('is still lost, and no damage, where another item of its block or the block header is damaged later', async () => {
    const { files, items } = await repaired()
    for (const [from, to] of [
      [physical((items[0] as LaidItem).location.position) + 10, 12],
      [physical((items[2] as LaidItem).location.position) + 8, 1],
      [FILE_HEADER + 10, 20],
    ] as const) {
      const bytes = Uint8Array.from(fileOf(files, nameOf(0)))
      for (let at = from; at < from + to; at++) bytes[at] = (bytes[at] as number) ^ 0xff
      const memory = await diskOf(new Map(files).set(nameOf(0), bytes))
      await using reader = await Varve.open(memory, { ...SMALL, readOnly: true })
      const found = await collect(reader.scan({ onDamage: ignore }))
      for (const { sequence, data } of found) expect(data).toEqual((items[sequence] as LaidItem).data)
      expect(sequencesOf(found)).not.toContain(1)
      await reader.stop()
      expect((await Varve.repair(memory, SMALL)).steps).not.toEqual([])
      await using db = await Varve.open(memory, SMALL)
      expect(await db.verify()).toMatchObject({ isIntact: true })
      expect(sequencesOf(await collect(db.scan()))).toEqual(sequencesOf(found))
    }
  })
})
