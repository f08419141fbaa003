import { describe, expect, test } from 'vitest'
import { commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { outcomeOf } from './support/outcome.js'
import { openReader } from './support/reader-store.js'
import { failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf, joined, physical, type StoredFiles } from './support/stored-bytes.js'
import { newStore, openStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 2048, overwrite: true } as const
const NAME = 'data00000.dat'

/** What a killed writer leaves behind: one file of five blocks, each but the last proven durable by a later one. */
async function crashed(): Promise<{ files: StoredFiles; blocks: LaidItem[][] }> {
  const { db, memory } = await openStore(SMALL)
  const blocks = await layBlocks(db, [20, 30], [40, 50], [60], [70, 1], [80])
  return { files: await copyFiles(memory), blocks }
}

const startOf = (block: readonly LaidItem[]): number => (block[0] as LaidItem).location.position - BLOCK_HEADER

function damagedAt(files: StoredFiles, at: number, bit = 0): StoredFiles {
  const bytes = Uint8Array.from(fileOf(files, NAME))
  bytes[at] = (bytes[at] as number) ^ (1 << bit)
  return new Map(files).set(NAME, bytes)
}

async function openingOf(files: StoredFiles): Promise<'opens' | { code: string; message: string }> {
  const memory = await diskOf(files)
  const { db, disk } = newStore(SMALL, memory)
  try {
    await db.start()
  } catch {
    const error = await failure(db.start())
    expect(disk.openFiles).toEqual([])
    expect(disk.locks).toBe(0)
    expect(await copyFiles(memory)).toEqual(files)
    return error
  }
  await db.stop()
  return 'opens'
}

describe('damage to what a later block proves durable', () => {
  test('anywhere in a block header is CORRUPT, names file and place, changes nothing, and hides no intact item from a reader', async () => {
    const { files, blocks } = await crashed()
    const items = blocks.flat()
    for (const [n, block] of blocks.slice(0, 3).entries()) {
      for (let at = 0; at < BLOCK_HEADER; at++) {
        const damaged = damagedAt(files, physical(startOf(block) + at), at % 8)
        const outcome = await openingOf(damaged)
        expect(outcome, `block ${n}, byte ${at}`).toMatchObject({ code: 'CORRUPT' })
        const { message } = outcome as { message: string }
        expect(message).toContain(NAME)
        expect(message).toContain(`${startOf(block)}`)
        const { reader } = await openReader(await diskOf(damaged))
        for (const { location, data } of items) expect(await outcomeOf(() => reader.read(location))).toEqual(data)
        await reader.stop()
      }
    }
  })

  test('in an item that is proven does not keep the store from opening: it is found when it is read', async () => {
    const { files, blocks } = await crashed()
    const [target, other] = blocks[0] as [LaidItem, LaidItem]
    const { db } = newStore(SMALL, await diskOf(damagedAt(files, physical(target.location.position + 9))))
    await db.start()
    expect(await outcomeOf(() => db.read(target.location))).toBe('CORRUPT')
    expect(await outcomeOf(() => db.read(other.location))).toEqual(other.data)
    await db.stop()
  })

  test('is CORRUPT where a whole stretch of it is zero, or garbage, or cut out', async () => {
    const { files, blocks } = await crashed()
    const bytes = fileOf(files, NAME)
    const from = physical(startOf(blocks[1] as LaidItem[]))
    const to = physical(startOf(blocks[2] as LaidItem[]))
    for (const filling of [0, 0xff]) {
      const damaged = Uint8Array.from(bytes).fill(filling, from, to)
      expect(await openingOf(new Map(files).set(NAME, damaged))).toMatchObject({ code: 'CORRUPT' })
    }
    // What stands elsewhere than it was written proves nothing: it reads as an unfinished end.
    const cutOut = joined(bytes.subarray(0, from), bytes.subarray(to))
    expect(await openingOf(new Map(files).set(NAME, cutOut))).toBe('opens')
  })

  test('is CORRUPT also where there is a torn write behind it', async () => {
    const { files, blocks } = await crashed()
    const damaged = damagedAt(files, physical(startOf(blocks[1] as LaidItem[]) + 3))
    const torn = new Map(damaged).set(NAME, fileOf(damaged, NAME).subarray(0, -10))
    expect(await openingOf(torn)).toMatchObject({ code: 'CORRUPT' })
    const longer = new Map(damaged).set(NAME, joined(fileOf(damaged, NAME), new Uint8Array(70).fill(3)))
    expect(await openingOf(longer)).toMatchObject({ code: 'CORRUPT' })
  })

  test('in a transaction across files that others followed is CORRUPT, and nothing of it is undone', async () => {
    const { db, memory } = await openStore({ ...SMALL, maxFileSize: 1024 })
    await layBlocks(db, [20])
    await commitItems(db, 300, 300, 300, 300)
    await layBlocks(db, [30], [31])
    const files = await copyFiles(memory)
    const bytes = Uint8Array.from(fileOf(files, 'data00001.dat'))
    bytes[FILE_HEADER + 10] = (bytes[FILE_HEADER + 10] as number) ^ 4
    expect(await openingOf(new Map(files).set('data00001.dat', bytes))).toMatchObject({ code: 'CORRUPT' })
  })

  test('far from its proof is CORRUPT too', async () => {
    const large = { maxFileSize: 8 * 1024 * 1024, maxBufferSize: 3 * 1024 * 1024 }
    const { db, memory } = await openStore(large)
    const blocks = await layBlocks(db, [20], [2_500_000], [30], [40])
    const files = damagedAt(await copyFiles(memory), physical(startOf(blocks[1] as LaidItem[]) + 8))
    const { db: next } = newStore(large, await diskOf(files))
    expect((await failure(next.start())).code).toBe('CORRUPT')
  })
})

describe('any single bit of a stopped store', () => {
  test('that is turned over never gives wrong bytes: its item is CORRUPT and every other one is there', async () => {
    const { db, memory } = await openStore({ maxFileSize: 512 })
    const items = [...(await fillUpTo(db, 1, 60)), ...(await layBlocks(db, [10, 11])).flat()]
    await db.stop()
    const files = await copyFiles(memory)
    let opened = 0
    let refused = 0
    for (const name of files.keys()) {
      const length = fileOf(files, name).length
      for (let at = 0; at < length; at += at < FILE_HEADER + BLOCK_HEADER + 16 ? 1 : 5) {
        const bytes = Uint8Array.from(fileOf(files, name))
        bytes[at] = (bytes[at] as number) ^ (1 << ((at * 5) % 8))
        const damaged = new Map(files).set(name, bytes)
        const { db: writer } = newStore({ maxFileSize: 512 }, await diskOf(damaged))
        const isOpen = await writer.start().then(
          () => true,
          () => false,
        )
        if (isOpen) opened++
        else refused++
        const { reader } = await openReader(await diskOf(damaged))
        for (const { location, data } of items) {
          const found = await outcomeOf(() => reader.read(location))
          if (found !== 'CORRUPT') expect(found, `${name} ${at}`).toEqual(data)
          else expect(isWithin(location, name, at), `${name} ${at} made ${JSON.stringify(location)} unreadable`).toBe(true)
          if (isOpen) {
            const written = await outcomeOf(() => writer.read(location))
            if (written instanceof Uint8Array) expect(written).toEqual(data)
          }
        }
        await collect(reader.scan()).then(
          (all) => expect(all.every(({ data }, n) => Buffer.compare(data, (items[n] as LaidItem).data) === 0)).toBe(true),
          (error: { code: string }) => expect(error.code).toBe('CORRUPT'),
        )
        await reader.stop()
        if (isOpen) await writer.stop()
      }
    }
    expect(opened).toBeGreaterThan(50)
    expect(refused).toBeGreaterThan(20)
  })
})

/** Whether a byte of a file belongs to the record of an item. */
function isWithin({ index, position, size }: LaidItem['location'], name: string, at: number): boolean {
  return name === `data0000${index}.dat` && at >= physical(position) && at < physical(position + 8 + size)
}
