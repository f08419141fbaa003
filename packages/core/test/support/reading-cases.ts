import { fail, hold } from '@varve/backend/faults'
import type { Location, Varve, VarveErrorCode } from '@varve/core'
import type { MemoryBackend } from '@varve/memory-backend'
import { settle } from './event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './layout.js'
import { BLOCK_HEADER, flipBit, overwrite, physical } from './stored-bytes.js'
import { openStore, type TestStore } from './test-store.js'

/** A store in some condition, a location, and what reading it comes to, in whatever way it is read. */
export interface ReadingCase {
  readonly name: string
  readonly make: () => Promise<Reading>
}

interface Reading {
  readonly db: Varve
  /** Where everything that was added is laid down: what another process opens. */
  readonly memory?: MemoryBackend
  readonly location: Location
  readonly expected: Uint8Array | VarveErrorCode | undefined
}

const SMALL = { maxFileSize: 1024, overwrite: true } as const
const NAME = 'data00000.dat'

/** Three blocks in file 0, which is the current one, each with three items. */
async function threeBlocks(): Promise<TestStore & { items: LaidItem[] }> {
  const store = await openStore(SMALL)
  const blocks = await layBlocks(store.db, [20, 30, 40], [25, 35, 45], [10, 11, 12])
  return { ...store, items: blocks.flat() }
}

async function reopened(store: TestStore): Promise<TestStore> {
  await store.db.stop()
  return openStore(store.options, store.memory)
}

function at(items: readonly LaidItem[], n: number): LaidItem {
  return items[n] as LaidItem
}

function moved(location: Location, by: number, size = location.size): Location {
  return { ...location, position: location.position + by, size }
}

/** A case whose store is open, and the same with the store opened again. */
function alsoReopened(
  name: string,
  make: () => Promise<{ store: TestStore; location: Location; expected: Reading['expected'] }>,
): ReadingCase[] {
  return [
    { name, make: async () => make().then(({ store, ...rest }) => ({ db: store.db, ...rest })) },
    {
      name: `${name}, after a restart`,
      make: async () => make().then(async ({ store, ...rest }) => ({ db: (await reopened(store)).db, memory: store.memory, ...rest })),
    },
  ]
}

const present: ReadingCase[] = [
  {
    name: 'an item that is gathered in memory',
    make: async () => {
      const { db } = await openStore(SMALL)
      const second = at(await addItems(db, 20, 30), 1)
      return { db, location: second.location, expected: second.data }
    },
  },
  {
    name: 'an item of the block that is being written',
    make: async () => {
      const { db, disk } = await openStore(SMALL)
      const [one] = await addItems(db, 20)
      const gate = hold()
      disk.inject({ kind: 'append', fault: gate })
      void db.flush()
      await gate.reached
      return { db, location: (one as LaidItem).location, expected: (one as LaidItem).data }
    },
  },
  {
    name: 'an item of the block that is being synced',
    make: async () => {
      const { db, disk } = await openStore(SMALL)
      const [one] = await addItems(db, 20)
      const gate = hold()
      disk.inject({ kind: 'sync', fault: gate })
      void db.flush()
      await gate.reached
      return { db, location: (one as LaidItem).location, expected: (one as LaidItem).data }
    },
  },
  {
    name: 'an item whose write was refused',
    make: async () => {
      const { db, disk } = await openStore(SMALL)
      const [one] = await addItems(db, 20)
      disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: fail('NO_SPACE') })
      await db.flush().catch(() => undefined)
      return { db, location: (one as LaidItem).location, expected: (one as LaidItem).data }
    },
  },
  {
    name: 'an item of a file whose successor is yet to be created',
    make: async () => {
      const { db, disk } = await openStore({ ...SMALL, maxBufferSize: 900 })
      const gate = hold()
      disk.inject({ kind: 'append', fault: gate })
      const added = await addItems(db, 400, 400, 400)
      await settle()
      const last = at(added, 2)
      return { db, location: last.location, expected: last.data }
    },
  },
  ...alsoReopened('an item that is laid down', async () => {
    const store = await threeBlocks()
    const { location, data } = at(store.items, 4)
    return { store, location, expected: data }
  }),
  ...alsoReopened('the last item of a closed file', async () => {
    const store = await openStore(SMALL)
    const items = await fillUpTo(store.db, 2)
    const last = items.filter(({ location }) => location.index === 1).at(-1) as LaidItem
    return { store, location: last.location, expected: last.data }
  }),
  ...alsoReopened('an item of a transaction that crosses files', async () => {
    const store = await openStore(SMALL)
    const items = await commitItems(store.db, 300, 300, 300, 300, 300)
    const one = at(items, 3)
    return { store, location: one.location, expected: one.data }
  }),
  ...alsoReopened('an item larger than the buffer', async () => {
    const store = await openStore({ ...SMALL, maxBufferSize: 128 })
    const [one] = await addItems(store.db, 700)
    return { store, location: (one as LaidItem).location, expected: (one as LaidItem).data }
  }),
  ...alsoReopened('the first item kept by an ltrim within a block', async () => {
    const store = await threeBlocks()
    const { location, data } = at(store.items, 4)
    await store.db.ltrim(0, location.position)
    return { store, location, expected: data }
  }),
  ...alsoReopened('the last item kept by an rtrim within a block', async () => {
    const store = await threeBlocks()
    const { location, data } = at(store.items, 4)
    await store.db.rtrim(0, at(store.items, 5).location.position)
    return { store, location, expected: data }
  }),
]

const absent: ReadingCase[] = [
  ...alsoReopened('a file that never was', async () => {
    const store = await threeBlocks()
    return { store, location: { index: 1, position: 44, size: 20 }, expected: undefined }
  }),
  ...alsoReopened('a position behind everything in the current file', async () => {
    const store = await threeBlocks()
    const { location } = at(store.items, 8)
    return { store, location: moved(location, 8 + location.size + 200), expected: undefined }
  }),
  ...alsoReopened('a position behind the end of a closed file', async () => {
    const store = await openStore(SMALL)
    await fillUpTo(store.db, 1)
    return { store, location: { index: 0, position: 5000, size: 20 }, expected: undefined }
  }),
  {
    name: 'a position behind what is gathered in memory',
    make: async () => {
      const { db } = await openStore(SMALL)
      const [one] = await addItems(db, 20)
      return { db, location: moved((one as LaidItem).location, 28, 20), expected: undefined }
    },
  },
  {
    name: 'a position in a file that is yet to be written',
    make: async () => {
      const { db } = await openStore(SMALL)
      return { db, location: { index: 0, position: 44, size: 1 }, expected: undefined }
    },
  },
  ...[0, 1, 2, 3, 5].flatMap((n) =>
    alsoReopened(`item ${n} of a file trimmed on the left in its sixth item`, async () => {
      const store = await threeBlocks()
      await store.db.ltrim(0, at(store.items, n < 5 ? 5 : 6).location.position)
      return { store, location: at(store.items, n).location, expected: undefined }
    }),
  ),
  ...alsoReopened('a position inside an item that was trimmed on the left', async () => {
    const store = await threeBlocks()
    await store.db.ltrim(0, at(store.items, 4).location.position)
    return { store, location: moved(at(store.items, 3).location, 3), expected: undefined }
  }),
  ...[5, 6, 7, 8].flatMap((n) =>
    alsoReopened(`item ${n} of a file trimmed on the right from its sixth item on`, async () => {
      const store = await threeBlocks()
      await store.db.rtrim(0, at(store.items, 5).location.position)
      await fillUpTo(store.db, 2)
      return { store, location: at(store.items, n).location, expected: undefined }
    }),
  ),
  ...alsoReopened('an item of a dropped first file', async () => {
    const store = await openStore(SMALL)
    const [first] = await fillUpTo(store.db, 2)
    await store.db.dropIndex(0)
    return { store, location: (first as LaidItem).location, expected: undefined }
  }),
  ...alsoReopened('an item of a dropped file between others', async () => {
    const store = await openStore(SMALL)
    const items = await fillUpTo(store.db, 3)
    const one = items.find(({ location }) => location.index === 1) as LaidItem
    await store.db.dropIndex(1)
    return { store, location: one.location, expected: undefined }
  }),
  ...alsoReopened('an item of the current file, which was dropped', async () => {
    const store = await threeBlocks()
    await store.db.dropIndex(0)
    await fillUpTo(store.db, 2)
    return { store, location: at(store.items, 1).location, expected: undefined }
  }),
  ...alsoReopened('an item of a file in which an ltrim left nothing', async () => {
    const store = await threeBlocks()
    const last = at(store.items, 8).location
    await store.db.ltrim(0, last.position + 8 + last.size)
    await addItems(store.db, 20)
    return { store, location: at(store.items, 0).location, expected: undefined }
  }),
  {
    name: 'an item of a transaction that is being written',
    make: async () => {
      const { db, disk } = await openStore(SMALL)
      const gate = hold()
      disk.inject({ kind: 'sync', nth: 1, fault: gate })
      const transaction = db.transaction()
      transaction.add(new Uint8Array(20))
      void transaction.commit()
      await gate.reached
      return { db, location: { index: 0, position: BLOCK_HEADER, size: 20 }, expected: undefined }
    },
  },
]

const invalid: ReadingCase[] = [
  ...alsoReopened('a block header at the beginning of a file', async () => {
    const store = await threeBlocks()
    return { store, location: { index: 0, position: 0, size: 20 }, expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a position inside a block header at the beginning of a file', async () => {
    const store = await threeBlocks()
    return { store, location: { index: 0, position: 43, size: 20 }, expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a block header between two blocks', async () => {
    const store = await threeBlocks()
    const { location } = at(store.items, 3)
    return { store, location: moved(location, -BLOCK_HEADER), expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a closing block that more was added behind', async () => {
    const first = await threeBlocks()
    const store = await reopened(first)
    const last = at(first.items, 8).location
    await layBlocks(store.db, [20])
    return { store, location: moved(last, 8 + last.size, 1), expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a position inside an item', async () => {
    const store = await threeBlocks()
    return { store, location: moved(at(store.items, 4).location, 5), expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a position inside the last item of a file', async () => {
    const store = await threeBlocks()
    return { store, location: moved(at(store.items, 8).location, 11, 1000), expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a size that is too small', async () => {
    const store = await threeBlocks()
    const { location } = at(store.items, 4)
    return { store, location: { ...location, size: location.size - 1 }, expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a size that is too large', async () => {
    const store = await threeBlocks()
    const { location } = at(store.items, 4)
    return { store, location: { ...location, size: location.size + 1 }, expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('a size that reaches over the end of the file', async () => {
    const store = await threeBlocks()
    return { store, location: { ...at(store.items, 8).location, size: 4294967295 }, expected: 'INVALID_LOCATION' as const }
  }),
  ...alsoReopened('bytes inside an item that look like a record of that size', async () => {
    const store = await openStore(SMALL)
    const inner = new Uint8Array(60)
    inner[20] = 16
    const location = await store.db.add(inner)
    await store.db.flush()
    return { store, location: moved(location, 8 + 20, 16), expected: 'INVALID_LOCATION' as const }
  }),
  {
    name: 'a position inside an item that is gathered in memory',
    make: async () => {
      const { db } = await openStore(SMALL)
      const [one] = await addItems(db, 20, 30)
      return { db, location: moved((one as LaidItem).location, 4, 5), expected: 'INVALID_LOCATION' }
    },
  },
  {
    name: 'a size that is wrong for an item that is gathered in memory',
    make: async () => {
      const { db } = await openStore(SMALL)
      const [one] = await addItems(db, 20, 30)
      return { db, location: { ...(one as LaidItem).location, size: 21 }, expected: 'INVALID_LOCATION' }
    },
  },
  {
    name: 'the header of the block that is gathered in memory',
    make: async () => {
      const { db } = await openStore(SMALL)
      await addItems(db, 20)
      return { db, location: { index: 0, position: 40, size: 20 }, expected: 'INVALID_LOCATION' }
    },
  },
  {
    name: 'bytes of an item in memory that look like a record of that size',
    make: async () => {
      const { db } = await openStore(SMALL)
      const inner = new Uint8Array(60)
      inner[20] = 16
      const location = await db.add(inner)
      return { db, location: moved(location, 28, 16), expected: 'INVALID_LOCATION' }
    },
  },
]

/** Damage to the fifth item, which is in the middle of the second block. */
function damaged(name: string, damage: (store: TestStore, items: readonly LaidItem[]) => void): ReadingCase[] {
  return alsoReopened(name, async () => {
    const store = await threeBlocks()
    damage(store, store.items)
    return { store, location: at(store.items, 4).location, expected: 'CORRUPT' as const }
  })
}

const corrupt: ReadingCase[] = [
  ...damaged('a byte of the item is damaged', ({ memory }, items) =>
    flipBit(memory, NAME, physical(at(items, 4).location.position + 8 + 17)),
  ),
  ...damaged('its checksum is damaged', ({ memory }, items) => flipBit(memory, NAME, physical(at(items, 4).location.position + 5))),
  ...damaged('its length is damaged', ({ memory }, items) => flipBit(memory, NAME, physical(at(items, 4).location.position), 7)),
  ...damaged('its length and that of the item before it are damaged', ({ memory }, items) => {
    flipBit(memory, NAME, physical(at(items, 4).location.position))
    flipBit(memory, NAME, physical(at(items, 3).location.position), 7)
  }),
  ...damaged('the item and the header of its block are damaged', ({ memory }, items) => {
    flipBit(memory, NAME, physical(at(items, 4).location.position + 8))
    flipBit(memory, NAME, physical(at(items, 3).location.position - BLOCK_HEADER + 8))
  }),
  ...damaged('its bytes are zero from the middle of its block on', ({ memory }, items) => {
    const from = physical(at(items, 4).location.position)
    overwrite(memory, NAME, (bytes) => bytes.fill(0, from, from + 100))
  }),
]

const intactBesideDamage: ReadingCase[] = [
  ...alsoReopened('an intact item beside a damaged one', async () => {
    const store = await threeBlocks()
    flipBit(store.memory, NAME, physical(at(store.items, 4).location.position + 9))
    const { location, data } = at(store.items, 5)
    return { store, location, expected: data }
  }),
  ...alsoReopened('an intact item in a block whose header is damaged', async () => {
    const store = await threeBlocks()
    flipBit(store.memory, NAME, physical(at(store.items, 3).location.position - BLOCK_HEADER + 20))
    const { location, data } = at(store.items, 5)
    return { store, location, expected: data }
  }),
]

export const readingCases: readonly ReadingCase[] = [...present, ...absent, ...invalid, ...corrupt, ...intactBesideDamage]
