import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackendFile } from '@varve/backend'
import { Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, test } from 'vitest'
import { FILE_HEADER_BYTES } from '../../src/format/file-header.js'
import { RECORD_HEADER_BYTES, writeRecord } from '../../src/format/record.js'
import { OpenFile } from '../../src/read/open-file.js'
import { ASKED_FOR, PAGE_BYTES, PageCache } from '../../src/read/page-cache.js'
import { failOnUnhandledRejections } from '../support/rejections.js'

failOnUnhandledRejections()

const SEED = 7
const SIZE = 56

/** A file of records alone, as the cache sees it, and how many pages were read of it. */
function file(index: number, records: number) {
  const length = RECORD_HEADER_BYTES + SIZE
  const bytes = new Uint8Array(FILE_HEADER_BYTES + records * length)
  const itemOf = (n: number): Uint8Array => new Uint8Array(SIZE).fill(index * 31 + n)
  for (let n = 0; n < records; n++) writeRecord(bytes, FILE_HEADER_BYTES + n * length, itemOf(n), SEED)
  const header = {
    genesis: new Uint8Array(4),
    storeId: new Uint8Array(16),
    index,
    trimOffset: 0,
    sequence: 0,
    groupStart: { index, position: 0 },
    dropped: false,
  }
  const open = new OpenFile(`file ${index}`, {} as BackendFile, header, bytes.length)
  const counts = { reads: 0 }
  const read = (target: Uint8Array, position: number): number => {
    counts.reads++
    target.set(bytes.subarray(position, position + target.length))
    return target.length
  }
  const physicalOf = (n: number): number => FILE_HEADER_BYTES + n * length
  /** As a reader does it. */
  const get = (cache: PageCache, n: number): Uint8Array | undefined => {
    const physical = physicalOf(n)
    if (!cache.covers(physical, length)) return undefined
    const found = cache.find(open, physical, SIZE)
    if (found || !cache.load(open, physical, read)) return found
    return cache.find(open, physical, SIZE)
  }
  /** As a reader does it that comes back to it, often enough for a cache with room. */
  const getAgain = (cache: PageCache, n: number): Uint8Array | undefined => {
    for (let time = 1; time < ASKED_FOR; time++) get(cache, n)
    return get(cache, n)
  }
  return { open, bytes, counts, read, get, getAgain, itemOf, physicalOf }
}

describe('the cache', () => {
  test('gives what lies near to one another from one read, as copies', () => {
    const cache = new PageCache(4 * PAGE_BYTES, SEED)
    const one = file(0, 200)
    one.getAgain(cache, 0)
    for (let n = 0; n < 200; n++) expect(one.get(cache, n)).toEqual(one.itemOf(n))
    expect(one.counts.reads).toBe(1)
    one.get(cache, 3)?.fill(0)
    expect(one.get(cache, 3)).toEqual(one.itemOf(3))
  })

  test('never takes more memory than it was given, and gives no wrong bytes however often pages come and go', () => {
    const cache = new PageCache(3 * PAGE_BYTES + 1, SEED)
    const files = [file(0, 2000), file(1, 2000)]
    for (let round = 0; round < 12; round++) {
      for (let n = 0; n < 2000; n += 7) {
        for (const one of files) {
          const found = one.get(cache, n)
          if (found) expect(found).toEqual(one.itemOf(n))
          expect(cache.bytes).toBeLessThanOrEqual(3 * PAGE_BYTES)
        }
      }
    }
    for (const { counts } of files) expect(counts.reads).toBeGreaterThan(3)
  })

  test('takes in pages that are read again when it is full', () => {
    const cache = new PageCache(PAGE_BYTES, SEED)
    const [before, after] = [file(0, 100), file(1, 100)]
    before.getAgain(cache, 0)
    for (let n = 0; n < 100; n++) after.get(cache, 0)
    expect(after.get(cache, 1)).toEqual(after.itemOf(1))
    expect(after.counts.reads).toBe(1)
  })

  test('takes nothing in of what is read here and there, whether it has room or not', () => {
    const cache = new PageCache(8 * PAGE_BYTES, SEED)
    const files = Array.from({ length: 50 }, (_, index) => file(index, 2000))
    const counted = () => files.reduce((reads, { counts }) => reads + counts.reads, 0)
    const readAll = () => {
      for (let n = 0; n < 2000; n += 256) for (const one of files) one.get(cache, n)
    }
    for (let time = 0; time < 10; time++) readAll()
    expect(counted()).toBe(0)
    for (const one of files.slice(0, 8)) one.getAgain(cache, 0)
    expect(counted()).toBe(8)
    for (let time = 0; time < 10; time++) readAll()
    expect(counted()).toBe(8)
  })

  test('checks an item each time', () => {
    const cache = new PageCache(PAGE_BYTES, SEED)
    const one = file(0, 100)
    one.bytes[one.physicalOf(5) + 20] = 0xff
    expect(one.getAgain(cache, 5)).toBeUndefined()
    expect(one.get(cache, 6)).toEqual(one.itemOf(6))
  })

  test('reads the page at the end of a file again once the file has grown', () => {
    const cache = new PageCache(PAGE_BYTES, SEED)
    const one = file(0, 100)
    one.open.end = 50 * (RECORD_HEADER_BYTES + SIZE)
    expect(one.getAgain(cache, 49)).toEqual(one.itemOf(49))
    one.open.end = 100 * (RECORD_HEADER_BYTES + SIZE)
    expect(one.get(cache, 99)).toEqual(one.itemOf(99))
    expect(one.get(cache, 0)).toEqual(one.itemOf(0))
    expect(one.counts.reads).toBe(2)
  })

  test('has room for others where a page could not be read, and knows nothing of it', () => {
    const cache = new PageCache(PAGE_BYTES, SEED)
    const one = file(0, 100)
    const load = (read: () => number | undefined): boolean => cache.load(one.open, one.physicalOf(0), read)
    for (let n = 0; n < 20; n++) expect(load(() => undefined)).toBe(false)
    const tornOut = () => {
      throw new Error('torn out')
    }
    for (let time = 1; time < ASKED_FOR; time++) load(tornOut)
    expect(() => load(tornOut)).toThrow('torn out')
    expect(cache.find(one.open, one.physicalOf(0), SIZE)).toBeUndefined()
    expect(one.getAgain(cache, 0)).toEqual(one.itemOf(0))
  })

  test('of no size covers nothing', () => {
    expect(new PageCache(0, SEED).covers(64, 64)).toBe(false)
    expect(new PageCache(PAGE_BYTES - 1, SEED).covers(64, 64)).toBe(false)
  })
})

test('what was trimmed, dropped and added since is read as it is now', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'varve-cache-'))
  try {
    await using db = await Varve.open(fsBackend(directory), { maxFileSize: 2048, overwrite: true, cacheSize: 64 * 1024 })
    const items = Array.from({ length: 90 }, (_, n) => new Uint8Array(50).fill(n + 1))
    const locations = await db.addMany(items)
    await db.flush()
    for (const [n, location] of locations.entries()) {
      for (let time = 0; time < ASKED_FOR; time++) {
        expect(db.readSync(location)).toEqual(items[n])
        expect(await db.read(location)).toEqual(items[n])
      }
    }
    expect((await db.stats()).reads.memory).toBeGreaterThan(0)
    const of = (index: number) => locations.filter((one) => one.index === index)
    await db.ltrim(0, of(0)[5]!.position)
    await db.rtrim(1, of(1)[5]!.position)
    await db.dropIndex(2)
    const gone = new Set([...of(0).slice(0, 5), ...of(1).slice(5), ...of(2)])
    for (const [n, location] of locations.entries()) {
      const expected = gone.has(location) ? undefined : items[n]
      expect(db.readSync(location)).toEqual(expected)
      expect(await db.read(location)).toEqual(expected)
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})
