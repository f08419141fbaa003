import { shorten } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { drain, outcomeOf } from './support/outcome.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, fileOf, overwrite, physical } from './support/stored-bytes.js'
import { newStore, openStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const
const NAME = 'data00000.dat'

describe('a file that something else cut short below a running store', () => {
  test.each([0, 30, 64, 80, 150, 200])('gives right bytes or a named answer, at %s bytes', async (length) => {
    const { db, memory, disk } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [50, 60])).flat()
    overwrite(memory, NAME, (bytes) => bytes.subarray(0, length))
    for (const { location, data } of items) {
      for (const read of [() => db.read(location), () => db.readSync(location), async () => drain(await db.readStream(location))]) {
        const outcome = await outcomeOf(read)
        if (outcome instanceof Uint8Array) expect(outcome).toEqual(data)
        else expect(['CORRUPT', 'INVALID_LOCATION', undefined, 'IO']).toContain(outcome)
      }
    }
    for (const options of [{}, { reverse: true }]) {
      const found = await outcomeOf(() => collect(db.scan(options)))
      if (Array.isArray(found)) for (const { data, sequence } of found) expect(data).toEqual((items[sequence] as LaidItem).data)
      else expect(['CORRUPT', 'IO']).toContain(found)
    }
    expect(['CORRUPT', 'INVALID_LOCATION', 'IO']).toContain(await outcomeOf(() => db.ltrim(0, (items[4] as LaidItem).location.position)))
    await outcomeOf(() => db.stop())
    await disk.end()
  })

  test('opens after a crash though a closed file has lost its end, and says so of what was there', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 1)
    const files = await copyFiles(memory)
    const { db: next } = newStore(SMALL, await diskOf(new Map(files).set(NAME, fileOf(files, NAME).subarray(0, -160))))
    await next.start()
    const lost = items.filter(({ location }) => location.index === 0).at(-1) as LaidItem
    expect(await codeOf(next.read(lost.location))).toBe('CORRUPT')
    expect(await next.read((items[0] as LaidItem).location)).toEqual((items[0] as LaidItem).data)
  })
})

describe('records that do not fit their block', () => {
  test.each([
    ['a length of 0', 2, 0],
    ['a length that reaches over the block', 2, 70],
    ['a length that leaves no room for the next', 1, 30 + 8 + 37],
    ['a length that swallows the next', 1, 30 + 8 + 40],
  ])('%s is CORRUPT for a scan, for its locations and for a read', async (_, n, size) => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30, 40], [50])).flat()
    const { location } = items[n] as LaidItem
    overwrite(memory, NAME, (bytes) => {
      new DataView(bytes.buffer).setUint32(physical(location.position), size, true)
      return bytes
    })
    expect(await codeOf(db.read(location))).toBe('CORRUPT')
    expect(codeThrownBy(() => db.readSync(location))).toBe('CORRUPT')
    expect(await codeOf(collect(db.scan()))).toBe('CORRUPT')
    expect(await codeOf(collect(db.locations()))).toBe('CORRUPT')
    expect(await codeOf(collect(db.locations({ reverse: true })))).toBe('CORRUPT')
    expect(await codeOf(db.ltrim(0, location.position))).toBe('CORRUPT')
  })

  test('a checksum that is another one than the block was sealed with is CORRUPT for locations too', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    overwrite(memory, NAME, (bytes) => {
      const at = physical(items[0].location.position) + 5
      bytes[at] = (bytes[at] as number) ^ 1
      return bytes
    })
    expect(await codeOf(collect(db.locations()))).toBe('CORRUPT')
    expect(await db.read(items[1].location)).toEqual(items[1].data)
  })

  test('any place of a record’s length that is damaged makes it CORRUPT, and none another item', async () => {
    for (let bit = 0; bit < 32; bit++) {
      const { db, memory } = await openStore(SMALL)
      const items = (await layBlocks(db, [20, 30, 40], [50])).flat() as LaidItem[]
      const { location } = items[1] as LaidItem
      overwrite(memory, NAME, (bytes) => {
        const at = physical(location.position) + (bit >> 3)
        bytes[at] = (bytes[at] as number) ^ (1 << (bit & 7))
        return bytes
      })
      expect(await codeOf(db.read(location)), `bit ${bit}`).toBe('CORRUPT')
      for (const n of [0, 2, 3]) expect(await db.read((items[n] as LaidItem).location)).toEqual((items[n] as LaidItem).data)
    }
  })
})

describe('a file whose blocks are all damaged', () => {
  test('can be dropped, and the sequence goes on', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    overwrite(memory, 'data00001.dat', (bytes) => bytes.fill(0x33, 64))
    await db.dropIndex(1)
    const left = items.filter(({ location }) => location.index !== 1)
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(left.map(({ location }) => location))
    await layBlocks(db, [20])
    expect((await collect(db.scan())).at(-1)?.sequence).toBe(items.length)
  })

  test('can be dropped where it stands first too', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    overwrite(memory, NAME, (bytes) => bytes.fill(0, 64 + BLOCK_HEADER, bytes.length - 1))
    await db.dropIndex(0)
    expect((await collect(db.scan())).length).toBe(1)
  })
})

describe('a backend that gives fewer bytes than there are', () => {
  test('is asked for the rest, as often as it takes', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = (await layBlocks(db, [200, 100], [300])).flat()
    disk.inject({ kind: ['read', 'readSync'], times: Number.POSITIVE_INFINITY, fault: shorten((size) => Math.max(1, size >> 1)) })
    for (const { location, data } of items) {
      expect(await db.read(location)).toEqual(data)
      expect(db.readSync(location)).toEqual(data)
      expect(await drain(await db.readStream(location))).toEqual(data)
    }
    expect(await db.readMany(items.map(({ location }) => location))).toEqual(items.map(({ data }) => data))
    expect((await collect(db.scan())).map(({ data }) => data)).toEqual(items.map(({ data }) => data))
    expect((await collect(db.scan({ reverse: true }))).length).toBe(items.length)
  })

  test('is an IO error where it gives none', async () => {
    const { db, disk } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [200])).flat() as [LaidItem]
    const stop = disk.inject({ kind: ['read', 'readSync'], times: Number.POSITIVE_INFINITY, fault: shorten(0) })
    expect(await codeOf(db.read(one.location))).toBe('IO')
    expect(codeThrownBy(() => db.readSync(one.location))).toBe('IO')
    expect(await codeOf(collect(db.scan()))).toBe('IO')
    stop()
    expect(await db.read(one.location)).toEqual(one.data)
  })
})
