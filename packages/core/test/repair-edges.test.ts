import { fail, readFiles } from '@varve/backend/faults'
import { type Damage, type Location, Varve, VarveError } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { encodeBlockHeader } from '../src/format/block-header.js'
import { storeSeedOf } from '../src/format/checksum.js'
import { decodeFileHeader, encodeFileHeader, type FileHeader } from '../src/format/file-header.js'
import { intactStore, nameOf, SMALL } from './support/damaged-stores.js'
import { commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, range, sequencesOf } from './support/scanning.js'
import { copyFiles, diskOf, FILE_HEADER, fileOf, joined, overwrite, physical, type StoredFiles } from './support/stored-bytes.js'
import { newStore, openStore } from './support/test-store.js'

failOnUnhandledRejections()

const ignore = (): void => {}

describe('a transaction without its end', () => {
  /** The transaction begins in file 1 or 2 and goes on to the last one, in which it breaks off. */
  async function unfinished(): Promise<StoredFiles> {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    await commitItems(db, ...Array<number>(4).fill(350))
    await db.stop()
    const files = await copyFiles(memory)
    const last = [...files.keys()].filter((name) => name.endsWith('.dat')).at(-1) as string
    return files.set(last, fileOf(files, last).subarray(0, FILE_HEADER + 44 + 20))
  }

  test('of which any files are missing is repaired to a store that starts and is intact, or refused by name', async () => {
    const files = await unfinished()
    const names = [...files.keys()].filter((name) => name.endsWith('.dat'))
    expect(names.length).toBeGreaterThan(4)
    let repaired = 0
    for (const mask of range(1, 2 ** names.length - 1)) {
      const left = new Map([...files].filter(([name]) => !(mask & (1 << names.indexOf(name)))))
      const memory = await diskOf(left)
      try {
        await Varve.repair(memory, SMALL)
      } catch (error) {
        expect(error, `without ${mask}`).toBeInstanceOf(VarveError)
        continue
      }
      repaired++
      const db = await Varve.open(memory, SMALL).catch((error: VarveError) => error.code)
      if (typeof db === 'string') expect(db, `without ${mask}`).toBe('CORRUPT')
      else {
        expect(await db.verify(), `without ${mask}`).toMatchObject({ isIntact: true })
        await layBlocks(db, [10])
        await db.stop()
      }
    }
    expect(repaired).toBeGreaterThan(2 ** (names.length - 1))
  })

  test('of which one file in the middle is all that is left is CORRUPT for a start, which changes nothing', async () => {
    const files = await unfinished()
    for (const index of [3, 4]) {
      const memory = await diskOf(new Map([[nameOf(index), fileOf(files, nameOf(index))]]))
      const before = await readFiles(memory)
      expect(await codeOf(Varve.open(memory, SMALL))).toBe('CORRUPT')
      expect(await readFiles(memory)).toEqual(before)
    }
  })
})

describe('a repair', () => {
  test('keeps to a file whose end was trimmed away that nothing goes behind it, also where its header is damaged', async () => {
    const { db, memory } = await openStore(SMALL)
    const laid = await fillUpTo(db, 2)
    const [kept, gone] = laid.filter(({ location }) => location.index === 1) as [LaidItem, LaidItem]
    await db.rtrim(1, gone.location.position)
    await db.stop()
    overwrite(memory, nameOf(1), (bytes) => void bytes.fill(0xff, 10, 14))
    await memory.remove(nameOf(2))
    await Varve.repair(memory, SMALL)
    const { db: again } = await openStore(SMALL, memory)
    expect(await again.read(kept.location)).toEqual(kept.data)
    expect((await again.add(new Uint8Array(10))).index).toBe(2)
    await again.stop()
  })

  test('of large files keeps every intact item, and gives up a large one for one as large', async () => {
    const options = { maxFileSize: 2 ** 22, maxBufferSize: 2 ** 21, overwrite: true }
    const { db, memory } = await openStore(options)
    // The file is a mebibyte long, to the byte, once it is closed.
    const [lost, kept] = [300_000, 2 ** 20 - FILE_HEADER - 2 * 44 - 2 * 8 - 300_000]
    const [[first, second]] = (await layBlocks(db, [lost, kept])) as [[LaidItem, LaidItem]]
    await db.stop()
    overwrite(memory, nameOf(0), (bytes) => bytes.fill(7, 200_000, 200_100))
    expect(fileOf(await readFiles(memory), nameOf(0)).length).toBe(2 ** 20)
    expect((await Varve.repair(memory, options)).steps).toMatchObject([{ action: 'rewrite', index: 0 }])
    await using again = await Varve.open(memory, options)
    expect(await codeOf(again.read(first.location))).toBe('CORRUPT')
    expect(Buffer.compare((await again.read(second.location)) as Uint8Array, second.data)).toBe(0)
    expect(await again.verify()).toMatchObject({ isIntact: true, lost: 1 })
  })

  test('keeps what it changes beside what others have put under the name that it would take', async () => {
    const { files, items } = await intactStore()
    const at = physical((items[1] as LaidItem).location.position)
    const damaged = new Map(files).set(nameOf(0), Uint8Array.from(fileOf(files, nameOf(0))).fill(7, at + 10, at + 20))
    const dry = await Varve.repair(await diskOf(damaged), { ...SMALL, dryRun: true })
    const [name] = (dry.steps[0] as (typeof dry.steps)[number]).savedAs as [string]
    const first = await diskOf(damaged)
    await Varve.repair(first, SMALL)
    const saved = fileOf(await readFiles(first), name)
    for (const other of [joined(saved, Uint8Array.of(1)), Uint8Array.from(saved).fill(9)]) {
      const memory = await diskOf(new Map(damaged).set(name, other))
      const { steps } = await Varve.repair(memory, SMALL)
      expect(steps[0]?.savedAs).not.toContain(name)
      expect(fileOf(await readFiles(memory), name)).toEqual(other)
      expect(fileOf(await readFiles(memory), steps[0]?.savedAs[0] as string)).toEqual(saved)
    }
  })

  test('keeps more extents than it would make files for as one', async () => {
    const options = { maxFileSize: 2 ** 16, overwrite: true }
    const { db, memory } = await openStore(options)
    const items = (await layBlocks(db, Array<number>(150).fill(100))).flat()
    await db.stop()
    overwrite(memory, nameOf(0), (bytes) => {
      for (const { location } of items.filter((_, n) => n % 2 === 0))
        bytes[physical(location.position) + 50] = 0xff ^ (bytes[physical(location.position) + 50] as number)
    })
    const { steps } = await Varve.repair(memory, options)
    expect(steps[0]?.savedAs).toHaveLength(1)
    await using again = await Varve.open(memory, options)
    expect(sequencesOf(await collect(again.scan()))).toEqual(range(0, 150).filter((n) => n % 2 === 1))
  })

  test('rejects with what its onProgress throws', async () => {
    const { files } = await intactStore()
    const thrown = new TypeError('that is mine')
    const onProgress = (): void => {
      throw thrown
    }
    expect(await rejection(Varve.repair(await diskOf(files), { ...SMALL, onProgress }))).toBe(thrown)
  })

  test('of a lost last file for which no name is left behind is FULL, and changes nothing', async () => {
    const options = { ...SMALL, filePadding: 1 }
    const { db, memory } = await openStore(options)
    await fillUpTo(db, 9)
    await db.stop()
    overwrite(memory, 'data9.dat', (bytes) => bytes.fill(0xaa))
    const before = await readFiles(memory)
    expect(await codeOf(Varve.repair(memory, options))).toBe('FULL')
    expect(await readFiles(memory)).toEqual(before)
  })
})

describe('a start where the last file has been given up', () => {
  async function givenUp(index: number, options: object) {
    const { db, memory } = await openStore(options)
    const { length } = await fillUpTo(db, index)
    await db.stop()
    const name = (await memory.list()).filter((one) => one.endsWith('.dat')).at(-1) as string
    overwrite(memory, name, (bytes) => {
      const header = decodeFileHeader(bytes) as FileHeader
      const storeSeed = storeSeedOf(header.storeId)
      const base = { continues: false, close: true, length: 0, count: 0, timestamp: 0, durablePosition: 0, digest: storeSeed }
      const closing = encodeBlockHeader({ ...base, sequence: length }, { storeSeed, index, position: 0 })
      return joined(encodeFileHeader({ ...header, lost: true }), closing)
    })
    return { memory, length }
  }

  test('is FULL where no name is left for another one', async () => {
    const options = { ...SMALL, filePadding: 1 }
    const { memory } = await givenUp(9, options)
    expect(await codeOf(Varve.open(memory, options))).toBe('FULL')
  })

  test.each([
    ['create', 'NO_SPACE', 'NO_SPACE'],
    ['sync', 'IO', 'FAILED'],
  ] as const)('is refused by name where another one can not be made, as a %s fails with %s, and tried again', async (kind, fault, code) => {
    const { memory, length } = await givenUp(1, SMALL)
    const { db, disk } = newStore(SMALL, memory)
    disk.inject({ kind, name: nameOf(2), fault: fail(fault) })
    expect(await codeOf(db.start())).toBe(code)
    await db.start()
    expect((await db.add(new Uint8Array(9), { durable: true })).index).toBe(2)
    expect((await db.stats()).nextSequence).toBe(length + 1)
    await db.stop()
  })
})

test('a repair of a store that lost several files in a row leaves a stub for each', async () => {
  const { files, items } = await intactStore()
  for (const index of [1, 2]) files.delete(nameOf(index))
  const memory = await diskOf(files)
  expect((await Varve.repair(memory, SMALL)).steps.filter(({ action }) => action === 'stub').map(({ index }) => index)).toEqual([1, 2])
  await using db = await Varve.open(memory, SMALL)
  expect(await db.verify()).toMatchObject({ isIntact: true })
  const left = items.filter(({ location }) => location.index < 1 || location.index > 2)
  const found = (await collect(db.scan())).map(({ location }) => location)
  expect(left.map(({ location }) => location)).toEqual(expect.arrayContaining(found))
})

test('a repair of a store that lost all but its first file begins another one behind them', async () => {
  const { files } = await intactStore()
  for (const index of [1, 2]) files.delete(nameOf(index))
  for (const index of [3, 4]) if (files.has(nameOf(index))) files.set(nameOf(index), new Uint8Array(300).fill(0xaa))
  const memory = await diskOf(files)
  await Varve.repair(memory, SMALL)
  await using db = await Varve.open(memory, SMALL)
  expect(await db.verify()).toMatchObject({ isIntact: true })
  const [[added]] = (await layBlocks(db, [10])) as [[LaidItem]]
  expect(added.location.index).toBeGreaterThan(4)
})

describe('a file header', () => {
  test('with one bit turned over is made out, where it is the only one there is', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    await db.stop()
    const files = await readFiles(memory)
    for (const at of [0, 16, 20, 30, 40, 60]) {
      const bytes = Uint8Array.from(fileOf(files, nameOf(0)))
      bytes[at] = (bytes[at] as number) ^ 4
      await using reader = await Varve.open(await diskOf(new Map([[nameOf(0), bytes]])), { ...SMALL, readOnly: true })
      expect(sequencesOf(await collect(reader.scan({ onDamage: ignore })))).toEqual([0, 1])
      expect((await reader.verify()).damages).toHaveLength(1)
    }
  })

  test('of a file that was given up says so still when it is damaged', async () => {
    const { files, items } = await intactStore()
    files.delete(nameOf(1))
    const memory = await diskOf(files)
    await Varve.repair(memory, SMALL)
    overwrite(memory, nameOf(1), (bytes) => bytes.fill(0x55, 0, 8))
    await using reader = await Varve.open(memory, { ...SMALL, readOnly: true })
    const damages: Damage[] = []
    const found = await collect(reader.scan({ onDamage: (damage) => damages.push(damage) }))
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location).filter(({ index }) => index !== 1))
    expect(damages.map(({ index }) => index)).toContain(1)
    const gone = items.find(({ location }) => location.index === 1) as { readonly location: Location }
    expect(await codeOf(reader.read(gone.location))).toBe('CORRUPT')
  })

  test('is not made out from what an item holds that looks like a block', async () => {
    const { db, memory } = await openStore({ ...SMALL, maxFileSize: 1024 })
    const [[one]] = (await layBlocks(db, [20])) as [[LaidItem]]
    const block = fileOf(await copyFiles(memory), nameOf(0)).slice(FILE_HEADER, FILE_HEADER + 44)
    const fake = Uint8Array.from(block)
    fake.fill(0, 32, 36)
    await db.add(joined(fake, block, fake))
    await db.flush()
    await layBlocks(db, [30])
    await db.stop()
    overwrite(memory, nameOf(0), (bytes) => bytes.fill(0x55, 0, FILE_HEADER + 60))
    await using reader = await Varve.open(memory, { ...SMALL, readOnly: true }).catch((error: VarveError) => {
      expect(error.code).toBe('CORRUPT')
      return new Varve(memoryBackend())
    })
    if (reader.state === 'running') {
      const found = await collect(reader.scan({ onDamage: ignore }))
      for (const { location } of found) expect(location.position).toBeGreaterThan(one.location.position)
    }
  })
})
