import { act, faultyBackend } from '@varve/backend/faults'
import { type Location, type ScannedItem, Varve, VarveError } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { beforeAll, describe, expect, test } from 'vitest'
import { type DamagedStore, damagedStores, intactItems, intactStore, SMALL } from './support/damaged-stores.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { diskOf, fileOf, overwrite } from './support/stored-bytes.js'

failOnUnhandledRejections()

const READ_ONLY = { ...SMALL, readOnly: true } as const

/** What somebody else does to a file, all at once. */
const CHANGES: readonly [string, (memory: MemoryBackend, name: string) => unknown][] = [
  ['cut to its header', (memory, name) => overwrite(memory, name, (bytes) => bytes.subarray(0, 64))],
  ['cut within a block', (memory, name) => overwrite(memory, name, (bytes) => bytes.subarray(0, 64 + ((bytes.length - 64) >> 1)))],
  ['cut in its last bytes', (memory, name) => overwrite(memory, name, (bytes) => bytes.subarray(0, -5))],
  ['removed', (memory, name) => memory.remove(name)],
]

/** What looks at all of a store. Resolves to the items that it gave, where it gives any. */
const LOOKS: readonly [string, (db: Varve) => Promise<ScannedItem[] | undefined>][] = [
  ['a scan around damage', (db) => collect(db.scan({ onDamage: () => {} }))],
  ['a backward scan around damage', async (db) => (await collect(db.scan({ onDamage: () => {}, reverse: true }))).reverse()],
  ['a backward scan', async (db) => (await collect(db.scan({ reverse: true }))).reverse()],
  ['verify', async (db) => void (await db.verify({ onProgress: () => {} }))],
  ['stats', async (db) => void (await db.stats())],
  ['a copy', async (db) => void (await db.copyTo(memoryBackend()))],
]

interface Subject extends DamagedStore {
  /** What can be read of it, by place: the sequence of an item beside damage is made out from what is left around it. */
  readonly items: ReadonlyMap<string, Uint8Array>
}

const stores: Subject[] = []

beforeAll(async () => {
  for (const store of [{ name: 'nothing damaged', ...(await intactStore()) }, ...(await damagedStores())]) {
    const items = await intactItems(store.files)
    stores.push({ ...store, items: new Map(items.map(({ location, data }) => [placeOf(location), data])) })
  }
})

function placeOf({ index, position }: Location): string {
  return `${index}:${position}`
}

/** Has `change` happen to one file before the n-th look at it or at another one, for every n until `look` makes no more. */
async function atEveryCall(
  { files }: DamagedStore,
  change: (memory: MemoryBackend, name: string) => unknown,
  look: (disk: ReturnType<typeof faultyBackend>) => Promise<void>,
): Promise<number> {
  const names = [...files.keys()].filter((name) => name.endsWith('.dat'))
  let runs = 0
  // A file and a call further on each time: the stores differ enough for every pair to come up in one of them.
  for (let nth = 1; ; nth += 3) {
    const memory = await diskOf(files)
    const disk = faultyBackend(memory)
    let isDone = false
    const name = names[runs % names.length] as string
    const changing = act('is changed', async () => {
      isDone = true
      await change(memory, name)
    })
    disk.inject({ kind: ['open', 'size', 'read', 'list'], nth, fault: changing })
    await look(disk).catch((error: unknown) => {
      if (!VarveError.is(error)) throw error
    })
    await disk.end()
    if (!isDone) return runs
    runs++
  }
}

describe.each(CHANGES)('a file that somebody else has %s meanwhile', (_, change) => {
  test.each(LOOKS)('gives no wrong item and a named error to %s', async (_, look) => {
    let runs = 0
    for (const store of stores) {
      runs += await atEveryCall(store, change, async (disk) => {
        const db = await Varve.open(disk, READ_ONLY)
        const items = await look(db).finally(() => db.stop())
        for (const { location, data } of items ?? []) expect(Buffer.compare(data, store.items.get(placeOf(location)) as Uint8Array)).toBe(0)
      })
    }
    expect(runs).toBeGreaterThan(stores.length * 3)
  })

  test('makes a start fail by name, or leaves it what is there', async () => {
    const [{ files }] = stores as [Subject]
    const last = [...files.keys()].filter((name) => name.endsWith('.dat')).at(-1) as string
    const torn = {
      name: 'a torn tail',
      files: new Map([[last, fileOf(files, last).subarray(0, -50)], ...[...files].filter(([name]) => name !== last)]),
    }
    await atEveryCall(torn, change, async (disk) => (await Varve.open(disk, SMALL)).stop())
  })

  test('is no reason for a repair to make anything wrong', async () => {
    for (const store of stores) {
      await atEveryCall(store, change, async (disk) => void (await Varve.repair(disk, { ...SMALL, onProgress: () => {} })))
    }
  })
})
