import { hold } from '@varve/backend/faults'
import type { ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { commitItems, type LaidItem, layBlocks } from './support/layout.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { collect, range, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf, type StoredFiles } from './support/stored-bytes.js'
import { newStore, openStore, recordEvents, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

interface Recovered extends TestStore {
  readonly cut: readonly { index: number; position: number; bytes: number; removed: boolean; savedAs?: string }[]
  readonly all: ScannedItem[]
}

async function recover(files: StoredFiles): Promise<Recovered> {
  const store = newStore(SMALL, await diskOf(files))
  const events = recordEvents(store.db)
  await store.db.start()
  const told = events.find(({ name }) => name === 'recover')
  return { ...store, cut: told?.name === 'recover' ? told.cut : [], all: await collect(store.db.scan()) }
}

/** The files before a transaction of these items and after it. */
async function committed(...sizes: number[]): Promise<{ before: StoredFiles; after: StoredFiles; items: LaidItem[] }> {
  const { db, memory } = await openStore(SMALL)
  await layBlocks(db, [20, 30])
  const before = await copyFiles(memory)
  const items = await commitItems(db, ...sizes)
  return { before, after: await copyFiles(memory), items }
}

/** Every state that a process may leave behind which is killed while it writes these files one after the other, from what was there before. */
function* statesBetween(
  before: StoredFiles,
  after: StoredFiles,
  step: number,
): Generator<{ files: StoredFiles; name: string; length: number }> {
  const files = new Map(before)
  for (const name of [...after.keys()].sort()) {
    const bytes = fileOf(after, name)
    for (let length = before.get(name)?.length ?? 0; length < bytes.length; length += step) {
      yield { files: new Map(files).set(name, bytes.subarray(0, length)), name, length }
    }
    files.set(name, bytes)
  }
}

describe('a transaction in one file', () => {
  test('is gone as a whole at every length of its block but the last', async () => {
    const { before, after, items } = await committed(40, 50, 60)
    for (const { files, length } of statesBetween(before, after, 2)) {
      const { all } = await recover(files)
      expect(sequencesOf(all), `${length} bytes`).toEqual([0, 1])
    }
    expect(sequencesOf((await recover(after)).all)).toEqual(range(0, 2 + items.length))
  })
})

describe('a transaction across files', () => {
  test('is gone as a whole wherever its writing ended, and the files are as if it had never been', async () => {
    const { before, after } = await committed(...Array.from({ length: 9 }, () => 250))
    expect([...after.keys()].length).toBe(4)
    let states = 0
    for (const { files, name, length } of statesBetween(before, after, 29)) {
      states++
      const { all, memory, db, disk } = await recover(files)
      expect(sequencesOf(all), `${name} ${length}`).toEqual([0, 1])
      const now = new Map([...(await copyFiles(memory))].filter(([one]) => !one.startsWith('.')))
      expect(now).toEqual(before)
      const [added] = (await layBlocks(db, [33])).flat() as [LaidItem]
      await disk.end()
      const again = await recover(await copyFiles(memory))
      expect(again.cut).toEqual([])
      expect(again.all.at(-1)?.data).toEqual(added.data)
    }
    expect(states).toBeGreaterThan(60)
    expect(sequencesOf((await recover(after)).all)).toEqual(range(0, 11))
  })

  test('is undone from its last file backwards, and what each file held is kept, of the newest four', async () => {
    const { before, after } = await committed(...Array.from({ length: 18 }, () => 250))
    const names = [...after.keys()].sort()
    expect(names.length).toBe(7)
    const last = names.at(-1) as string
    const files = new Map(after).set(last, fileOf(after, last).subarray(0, -1))
    const { cut, memory, disk } = await recover(files)
    expect(cut.map(({ index, removed }) => [index, removed])).toEqual([
      [6, true],
      [5, true],
      [4, true],
      [3, true],
      [2, true],
      [1, true],
      [0, false],
    ])
    expect(cut.at(-1)).toMatchObject({ position: fileOf(before, 'data00000.dat').length - FILE_HEADER })
    const removed = disk.calls.filter(({ kind, name }) => kind === 'remove' && name?.startsWith('data')).map(({ name }) => name)
    expect(removed).toEqual(names.slice(1).reverse())
    const kept = (await memory.list()).filter((name) => name.startsWith('.cut')).sort()
    expect(kept).toEqual([0, 1, 2, 3].map((index) => `.cut.data0000${index}.dat.${index === 0 ? cut.at(-1)?.position : 0}`))
    expect(fileOf(await copyFiles(memory), '.cut.data00002.dat.0')).toEqual(fileOf(after, 'data00002.dat').subarray(FILE_HEADER))
  })

  test('keeps nothing of a file that has only its header', async () => {
    const { before, after } = await committed(...Array.from({ length: 5 }, () => 250))
    const files = new Map(after).set('data00001.dat', fileOf(after, 'data00001.dat').subarray(0, FILE_HEADER))
    const { cut, memory } = await recover(files)
    expect(cut).toMatchObject([
      { index: 1, position: 0, bytes: 0, removed: true },
      { index: 0, removed: false, savedAs: expect.any(String) },
    ])
    expect(cut[0]).not.toHaveProperty('savedAs')
    expect((await memory.list()).filter((name) => name.startsWith('.cut')).length).toBe(1)
    expect(fileOf(await copyFiles(memory), 'data00000.dat')).toEqual(fileOf(before, 'data00000.dat'))
  })

  test('that ends where its file ends, before the next one is there, is gone too', async () => {
    const { after } = await committed(...Array.from({ length: 5 }, () => 250))
    const files = new Map(after)
    files.delete('data00001.dat')
    const { all, cut } = await recover(files)
    expect(sequencesOf(all)).toEqual([0, 1])
    expect(cut.length).toBe(1)
  })

  test('that begins in a file of its own, as the one before it was full, leaves that file empty', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [850])
    await commitItems(db, 400, 400, 400)
    const files = await copyFiles(memory)
    expect([...files.keys()].length).toBe(3)
    const { all, cut, memory: after } = await recover(new Map(files).set('data00002.dat', fileOf(files, 'data00002.dat').subarray(0, 100)))
    expect(sequencesOf(all)).toEqual([0])
    expect(cut.map(({ index, removed, position }) => [index, removed, position])).toEqual([
      [2, true, 0],
      [1, false, 0],
    ])
    expect(fileOf(await copyFiles(after), 'data00001.dat').length).toBe(FILE_HEADER)
  })

  test('whose end is there and damaged is gone where nothing proves that it was ever durable', async () => {
    const { after } = await committed(...Array.from({ length: 5 }, () => 250))
    const bytes = Uint8Array.from(fileOf(after, 'data00001.dat'))
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 0x10
    expect(sequencesOf((await recover(new Map(after).set('data00001.dat', bytes))).all)).toEqual([0, 1])
  })

  test('that a process was killed over is gone, and its places are given out again', async () => {
    const store = await openStore(SMALL)
    const { db, disk, memory, options } = store
    await layBlocks(db, [20])
    const gate = hold()
    disk.inject({ kind: 'append', name: 'data00001.dat', nth: 2, fault: gate })
    void commitItems(db, 300, 300, 300, 300)
    await gate.reached
    await disk.end()
    const next = await openStore(options, memory)
    expect(await memory.list()).not.toContain('data00001.dat')
    expect(sequencesOf(await collect(next.db.scan()))).toEqual([0])
    const [added] = (await layBlocks(next.db, [44])).flat() as [LaidItem]
    expect(added.location.index).toBe(0)
    expect(sequencesOf(await collect(next.db.scan()))).toEqual([0, 1])
  })

  test('that was aborted leaves no file and no byte', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const before = await copyFiles(memory)
    const transaction = db.transaction()
    for (let n = 0; n < 8; n++) transaction.add(new Uint8Array(300))
    transaction.abort()
    expect(await copyFiles(memory)).toEqual(before)
    await db.stop()
    expect([...(await copyFiles(memory)).keys()]).toEqual([...before.keys()])
    expect(fileOf(await copyFiles(memory), 'data00000.dat').length).toBe(fileOf(before, 'data00000.dat').length + BLOCK_HEADER)
  })
})
