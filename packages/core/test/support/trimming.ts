import type { ScannedItem, Varve } from '@varve/core'
import { expect } from 'vitest'
import { addItems, commitItems, fillUpTo, layBlocks } from './layout.js'
import { collect } from './scanning.js'
import { copyFiles, diskOf } from './stored-bytes.js'
import { openStore, type TestStore } from './test-store.js'

/** A store, and the file in it that a test trims. */
export interface TrimStore extends TestStore {
  readonly index: number
  /** Every item of the store, in order. */
  readonly all: ScannedItem[]
}

export interface TrimScene {
  readonly name: string
  readonly make: () => Promise<TrimStore>
}

const SMALL = { maxFileSize: 1024, overwrite: true } as const

async function scene(store: TestStore, index: number): Promise<TrimStore> {
  await store.db.flush()
  return { ...store, index, all: await collect(store.db.scan()) }
}

/** Files of every kind that a trim can meet, each with several blocks. */
export const trimScenes: readonly TrimScene[] = [
  {
    name: 'the current file',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30], [40], [1, 50, 2])
      return scene(store, 0)
    },
  },
  {
    name: 'the current file, with a part that was written in an earlier session',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30])
      await store.db.stop()
      await store.db.start()
      store.clock.advance(10)
      await layBlocks(store.db, [40], [50])
      return scene(store, 0)
    },
  },
  {
    name: 'the current file, with nothing written since it was opened',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30], [40])
      await store.db.stop()
      await store.db.start()
      return scene(store, 0)
    },
  },
  {
    name: 'a closed file between others',
    make: async () => {
      const store = await openStore(SMALL)
      await fillUpTo(store.db, 1)
      await layBlocks(store.db, [20, 30, 1], [40, 50], [60])
      await fillUpTo(store.db, 3)
      return scene(store, 1)
    },
  },
  {
    name: 'the first file, closed',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30, 1], [40, 50], [60])
      await fillUpTo(store.db, 2)
      return scene(store, 0)
    },
  },
  {
    name: 'a file that holds the middle of a transaction',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30])
      await commitItems(store.db, ...Array.from({ length: 16 }, () => 150))
      await layBlocks(store.db, [40])
      return scene(store, 1)
    },
  },
  {
    name: 'a file that holds the end of a transaction and more',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30])
      await commitItems(store.db, ...Array.from({ length: 8 }, () => 150))
      await layBlocks(store.db, [40], [50, 51])
      return scene(store, 1)
    },
  },
  {
    name: 'a file that holds the beginning of a transaction',
    make: async () => {
      const store = await openStore(SMALL)
      await layBlocks(store.db, [20, 30])
      await commitItems(store.db, ...Array.from({ length: 8 }, () => 150))
      return scene(store, 0)
    },
  },
  {
    name: 'a file that was trimmed on the left',
    make: async () => {
      const store = await openStore(SMALL)
      const items = (await layBlocks(store.db, [20, 30, 40], [50, 60], [70])).flat()
      await store.db.ltrim(0, items[1]?.location.position as number)
      return scene(store, 0)
    },
  },
  {
    name: 'a file that was trimmed on both sides',
    make: async () => {
      const store = await openStore(SMALL)
      const items = (await layBlocks(store.db, [20, 30, 40], [50, 60, 70], [80])).flat()
      await store.db.rtrim(0, items[5]?.location.position as number)
      await store.db.ltrim(0, items[1]?.location.position as number)
      await addItems(store.db, 10)
      return scene(store, 0)
    },
  },
]

/** That exactly these items are there, each as it was, and the others are nothing; now, after a restart and after a crash. */
export async function expectKept(store: TrimStore, isKept: (item: ScannedItem) => boolean): Promise<void> {
  await expectIn(store.db, store.all, isKept)
  const crashed = await openStore(store.options, await diskOf(await copyFiles(store.memory)))
  await expectIn(crashed.db, store.all, isKept)
  await store.db.stop()
  expect(store.disk.openFiles).toEqual([])
  expect((await store.memory.list()).filter((name) => name.startsWith('.'))).toEqual([])
  await store.db.start()
  await expectIn(store.db, store.all, isKept)
}

async function expectIn(db: Varve, all: readonly ScannedItem[], isKept: (item: ScannedItem) => boolean): Promise<void> {
  const kept = all.filter(isKept)
  expect(await collect(db.scan({ to: { sequence: (all.at(-1)?.sequence ?? 0) + 1 } }))).toEqual(kept)
  for (const item of all) expect(await db.read(item.location)).toEqual(isKept(item) ? item.data : undefined)
}

/** That an item added now gets a place that nobody had before, is read there, and is there after a restart and after a crash. */
export async function expectFreshPlace({ db, all, options, memory }: TrimStore): Promise<void> {
  const { nextSequence } = await db.stats()
  const [added] = await addItems(db, 33)
  if (!added) throw new Error('nothing was added')
  const { index, position } = added.location
  for (const { location } of all)
    expect(index > location.index || (index === location.index && position >= location.position + 8 + location.size)).toBe(true)
  await db.flush()
  const again = async (other: Varve): Promise<void> => {
    expect(await other.read(added.location)).toEqual(added.data)
    const found = await collect(other.scan({ from: { location: added.location } }))
    expect(found).toMatchObject([{ location: added.location, data: added.data, sequence: nextSequence }])
  }
  await again(db)
  await again((await openStore(options, await diskOf(await copyFiles(memory)))).db)
  await db.stop()
  await db.start()
  await again(db)
}
