import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RecoverEvent, type ScannedItem, Varve, type VarveOptions } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failOnUnhandledRejections } from './support/rejections.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 20_000 } as const
const dataOf = (n: number) => new Uint8Array(100 + (n % 50)).fill(1 + (n % 255))

/** A store with items that were durably added one by one, whose last file has space ahead; `path` is its directory. */
async function storeWithSpaceAhead(count: number, options: VarveOptions = {}) {
  const path = mkdtempSync(join(tmpdir(), 'varve-ahead-'))
  const db = await Varve.open(fsBackend(path), options)
  onTestFinished(async () => {
    await db.stop()
    rmSync(path, { recursive: true, force: true })
  })
  for (let n = 0; n < count; n++) await db.add(dataOf(n), { durable: true })
  return { db, path }
}

const namesIn = (path: string) =>
  readdirSync(path)
    .filter((name) => name.startsWith('data'))
    .sort()
const zerosAtEnd = (path: string, name: string) => {
  const bytes = readFileSync(join(path, name))
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.length - end
}

async function itemsOf(db: Varve): Promise<ScannedItem[]> {
  const items: ScannedItem[] = []
  for await (const item of db.scan()) items.push(item)
  return items
}

function expectAll(items: readonly ScannedItem[], count: number): void {
  expect(items.map(({ sequence }) => sequence)).toEqual(Array.from({ length: count }, (_, n) => n))
  for (const { sequence, data } of items) expect(data).toEqual(dataOf(sequence))
}

describe('a store with space ahead of its end', () => {
  test('counts none of it', async () => {
    const { db, path } = await storeWithSpaceAhead(40)
    expect(zerosAtEnd(path, 'data00000.dat')).toBeGreaterThan(1000)
    const { bytes } = await db.stats()
    expect(bytes).toBeLessThan(statSync(join(path, 'data00000.dat')).size - 1000)
    expect(await db.verify()).toMatchObject({ isIntact: true })
    expectAll(await itemsOf(db), 40)
    const copy = memoryBackend()
    await db.copyTo(copy)
    const file = await copy.open('data00000.dat')
    expect(await file.size()).toBe(bytes)
  })

  test('has it in its last file alone, and none when it is stopped', async () => {
    const { db, path } = await storeWithSpaceAhead(400, SMALL)
    const names = namesIn(path)
    expect(names.length).toBeGreaterThan(2)
    expect(names.map((name) => zerosAtEnd(path, name) > 1000)).toEqual(names.map((_, n) => n === names.length - 1))
    await db.stop()
    const again = await Varve.open(fsBackend(path), SMALL)
    expect(namesIn(path).map((name) => zerosAtEnd(path, name) > 1000)).toEqual(names.map(() => false))
    expectAll(await itemsOf(again), 400)
    await again.stop()
  })

  test('can be read, followed, verified and copied by another process', async () => {
    const { db, path } = await storeWithSpaceAhead(200, SMALL)
    const reader = await Varve.open(fsBackend(path), { ...SMALL, readOnly: true })
    expectAll(await itemsOf(reader), 200)
    expect(await reader.verify()).toMatchObject({ isIntact: true })
    const followed: ScannedItem[] = []
    const following = (async () => {
      for await (const item of reader.scan({ follow: true })) if (followed.push(item) === 400) return
    })()
    for (let n = 200; n < 400; n++) await db.add(dataOf(n), { durable: true })
    await following
    expectAll(followed, 400)
    const copy = memoryBackend()
    await reader.copyTo(copy)
    const copied = await Varve.open(copy, SMALL)
    expectAll(await itemsOf(copied), 400)
    await copied.stop()
    await reader.stop()
  })

  test.each([
    ['one file', {}],
    ['many files', SMALL],
  ])('loses nothing where its process is killed, and reports no loss: %s', async (_, options) => {
    const { path } = await storeWithSpaceAhead(200, options)
    const killed = mkdtempSync(join(tmpdir(), 'varve-ahead-killed-'))
    onTestFinished(() => rmSync(killed, { recursive: true, force: true }))
    // What is left of it, without the lock, which goes with the process.
    for (const name of namesIn(path)) cpSync(join(path, name), join(killed, name))
    const last = namesIn(killed).at(-1)!
    expect(zerosAtEnd(killed, last)).toBeGreaterThan(1000)
    const cuts: RecoverEvent[] = []
    const db = new Varve(fsBackend(killed), options)
    db.on('recover', (event) => cuts.push(event))
    await db.start()
    expect(cuts).toEqual([])
    expect(zerosAtEnd(killed, last)).toBe(0)
    expectAll(await itemsOf(db), 200)
    for (let n = 200; n < 220; n++) await db.add(dataOf(n), { durable: true })
    expectAll(await itemsOf(db), 220)
    await db.stop()
    expect(readdirSync(killed).filter((name) => name.startsWith('.cut'))).toEqual([])
  })
})
