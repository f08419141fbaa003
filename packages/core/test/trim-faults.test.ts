import { act, everyFault, type FaultReport, fail, faultyBackend, powerLossBackend } from '@varve/backend/faults'
import { type Location, type ScannedItem, Varve } from '@varve/core'
import type { MemoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { item } from './support/items.js'
import { commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { ManualClock } from './support/manual-clock.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { copyFiles, diskOf, type StoredFiles } from './support/stored-bytes.js'
import { openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

interface Removal {
  readonly name: string
  /** Fills a store. */
  readonly prepare: (store: TestStore) => Promise<unknown>
  readonly remove: (db: Varve, all: readonly ScannedItem[]) => Promise<unknown>
  readonly isRemoved: (location: Location, all: readonly ScannedItem[]) => boolean
}

const currentFile = ({ db }: TestStore) => layBlocks(db, [20, 30], [40, 50, 60], [70])
const files = ({ db }: TestStore) => fillUpTo(db, 3, 150)
const group = ({ db }: TestStore) => commitItems(db, ...Array.from({ length: 9 }, () => 250))
const nthIn = (all: readonly ScannedItem[], index: number, n: number): Location =>
  (all.filter(({ location }) => location.index === index)[n] as ScannedItem).location

function trimmed(side: 'ltrim' | 'rtrim', index: number, n: number): Pick<Removal, 'remove' | 'isRemoved'> {
  return {
    remove: (db, all) => db[side](index, nthIn(all, index, n).position),
    isRemoved: (location, all) =>
      location.index === index &&
      (side === 'ltrim' ? location.position < nthIn(all, index, n).position : location.position >= nthIn(all, index, n).position),
  }
}

function dropped(index: number): Pick<Removal, 'remove' | 'isRemoved'> {
  return { remove: (db) => db.dropIndex(index), isRemoved: (location) => location.index === index }
}

const removals: readonly Removal[] = [
  { name: 'an ltrim of the current file', prepare: currentFile, ...trimmed('ltrim', 0, 3) },
  { name: 'an rtrim of the current file', prepare: currentFile, ...trimmed('rtrim', 0, 3) },
  { name: 'an ltrim of a closed file', prepare: files, ...trimmed('ltrim', 1, 2) },
  { name: 'an rtrim of a closed file', prepare: files, ...trimmed('rtrim', 1, 2) },
  { name: 'an ltrim within a transaction', prepare: group, ...trimmed('ltrim', 1, 1) },
  { name: 'an rtrim within a transaction', prepare: group, ...trimmed('rtrim', 1, 1) },
  { name: 'a trim that leaves nothing', prepare: currentFile, ...trimmed('rtrim', 0, 0) },
  { name: 'a drop of the first file', prepare: files, ...dropped(0) },
  { name: 'a drop of a file between others', prepare: files, ...dropped(1) },
  { name: 'a drop of the current file', prepare: files, ...dropped(3) },
  {
    name: 'a drop that takes stubs with it',
    prepare: async (store) => {
      await files(store)
      await store.db.dropIndex(2)
      await store.db.dropIndex(1)
    },
    ...dropped(0),
  },
]

interface World {
  readonly backend: MemoryBackend
  readonly all: readonly ScannedItem[]
  /** Whether the removal was acknowledged. */
  isRemoved: boolean
  acknowledged: LaidItem[]
  notes: string[]
}

async function prepared(removal: Removal): Promise<{ files: StoredFiles; all: readonly ScannedItem[] }> {
  const store = await openStore(SMALL)
  await removal.prepare(store)
  const all = await collect(store.db.scan())
  await store.db.stop()
  return { files: await copyFiles(store.memory), all }
}

/** The one fault may strike anything, once: what fails is done a second time, and then succeeds. */
async function atMostTwice<T>(action: () => Promise<T>): Promise<T> {
  return action().catch(action)
}

async function expectState(db: Varve, removal: Removal, { all, isRemoved, acknowledged }: World): Promise<void> {
  let gone = 0
  let removable = 0
  for (const { location, data } of all) {
    const found = await atMostTwice(() => db.read(location))
    if (removal.isRemoved(location, all)) {
      removable++
      if (found === undefined) gone++
      else expect(found).toEqual(data)
    } else expect(found).toEqual(data)
  }
  if (isRemoved) expect(gone).toBe(removable)
  else expect([0, removable]).toContain(gone)
  for (const { location, data } of acknowledged) expect(await atMostTwice(() => db.read(location))).toEqual(data)
  const shown = await atMostTwice(() => collect(db.scan()))
  const expected = all.filter(({ location }) => gone === 0 || !removal.isRemoved(location, all))
  const known = shown.filter(({ sequence }) => sequence <= (all.at(-1) as ScannedItem).sequence)
  expect(known).toEqual(expected)
}

async function addDurably(db: Varve, world: World, size: number): Promise<void> {
  const data = item(size, 77)
  world.acknowledged.push({ location: await db.add(data, { durable: true }), data })
}

async function tryEvery(removal: Removal, persistent: boolean): Promise<FaultReport> {
  const { files: stored, all } = await prepared(removal)
  let isStarted = false
  return everyFault<World>({
    persistent,
    make: async () => {
      isStarted = false
      return { backend: await diskOf(stored), all, isRemoved: false, acknowledged: [], notes: [] }
    },
    run: async (backend, world) => {
      const db = new Varve(backend, SMALL, new ManualClock())
      await db.start()
      isStarted = true
      const remove = async (): Promise<void> => {
        await removal.remove(db, all)
        world.isRemoved = true
      }
      const outcome = await remove().then(
        () => 'done',
        (error: { code: string }) => error.code,
      )
      world.notes.push(`${outcome}, then ${db.state}`)
      if (!persistent) {
        await expectState(db, removal, world)
        // What failed for good is recovered by another start; what failed for now can be tried again.
        if (db.state === 'failed') {
          await db.stop()
          await db.start()
          await expectState(db, removal, world)
        }
        if (outcome !== 'done') await remove().catch((error: { code: string }) => world.notes.push(error.code))
        await expectState(db, removal, world)
        await addDurably(db, world, 44).catch(async () => {
          if (db.state === 'failed') {
            await db.stop()
            await db.start()
          }
          await addDurably(db, world, 44)
        })
      }
      await atMostTwice(() => db.stop())
    },
    check: async (world, { completed, left, error }) => {
      const note = world.notes.join('; ')
      if (completed) expect(left, note).toEqual({ files: [], locks: 0 })
      else if (!persistent) throw new Error(`${note}: ${String(error)}`, { cause: error })
      const db = new Varve(world.backend, SMALL, new ManualClock())
      await db.start()
      await expectState(db, removal, world)
      expect((await world.backend.list()).filter((name) => name.startsWith('.tmp'))).toEqual([])
      await addDurably(db, world, 21)
      await db.stop()
      await db.start()
      await expectState(db, removal, world)
      await db.stop()
    },
    // A start that fails is another test's concern.
    faultsFor: (call) => (isStarted ? faultsOf(call.kind) : []),
  })
}

function faultsOf(kind: string): ReturnType<typeof fail>[] {
  if (kind === 'list' || kind === 'lock' || kind === 'release') return []
  if (kind === 'append' || kind === 'create') return [fail('NO_SPACE'), fail('IO', { when: 'after' })]
  if (kind === 'replace' || kind === 'remove') return [fail('BUSY'), fail('IO'), fail('IO', { when: 'after' })]
  if (kind === 'close') return [fail('IO', { when: 'after' })]
  return [fail('IO')]
}

describe.each(removals)('$name', (removal) => {
  test('is done or not begun, whichever call of the backend fails, and everything else stays', async () => {
    const report = await tryEvery(removal, false)
    expect(report.faults).toBeGreaterThan(15)
  })

  test('is done or not begun where the backend goes on to fail', async () => {
    const report = await tryEvery(removal, true)
    expect(report.faults).toBeGreaterThan(4)
  })
})

describe('a removal that fails', () => {
  test.each(['create', 'append', 'sync', 'close'] as const)(
    'while the new file is written (%s) leaves the old one, and the store goes on',
    async (kind) => {
      const { db, disk, memory } = await openStore(SMALL)
      const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
      disk.inject({ kind, name: '.tmp.data00000.dat', fault: fail('NO_SPACE') })
      expect(await codeOf(db.ltrim(0, b.location.position))).toBe('NO_SPACE')
      expect(db.state).toBe('running')
      expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1])
      await layBlocks(db, [40])
      expect(await db.ltrim(0, b.location.position)).toBe(20)
      expect(await memory.list()).toEqual(['data00000.dat'])
      expect(sequencesOf(await collect(db.scan()))).toEqual([1, 2])
    },
  )

  test('as the current file is open elsewhere (BUSY) leaves the old one, and the store goes on', async () => {
    const { db, disk } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    disk.inject({ kind: 'replace', fault: fail('BUSY') })
    expect(await codeOf(db.ltrim(0, b.location.position))).toBe('BUSY')
    expect(db.state).toBe('running')
    const [c] = (await layBlocks(db, [40])).flat() as [LaidItem]
    expect(c.location.index).toBe(0)
    expect(await db.ltrim(0, b.location.position)).toBe(20)
    expect(sequencesOf(await collect(db.scan()))).toEqual([1, 2])
    await db.stop()
    await db.start()
    expect(sequencesOf(await collect(db.scan()))).toEqual([1, 2])
  })

  test('while it takes the place of the current file is final, and the next start has one or the other', async () => {
    for (const when of ['before', 'after'] as const) {
      const { db, disk } = await openStore(SMALL)
      const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
      disk.inject({ kind: 'replace', fault: fail('IO', { when }) })
      expect(await codeOf(db.ltrim(0, b.location.position))).toBe('FAILED')
      expect(db.state).toBe('failed')
      expect(await db.read(b.location)).toEqual(b.data)
      await db.stop()
      await db.start()
      expect(sequencesOf(await collect(db.scan()))).toEqual(when === 'before' ? [0, 1] : [1])
      await layBlocks(db, [40])
      await db.stop()
    }
  })

  test('to open the current file anew is final', async () => {
    const { db, disk } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    disk.inject({ kind: 'open', fault: fail('TOO_MANY_OPEN') })
    expect(await codeOf(db.ltrim(0, b.location.position))).toBe('FAILED')
    expect(db.state).toBe('failed')
    await db.stop()
    await db.start()
    expect(sequencesOf(await collect(db.scan()))).toEqual([1])
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('to find the current file again is final', async () => {
    const { db, disk, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    disk.inject({ kind: 'open', fault: act('somebody takes the file away', () => memory.remove('data00000.dat')) })
    expect(await codeOf(db.ltrim(0, b.location.position))).toBe('FAILED')
    expect(db.state).toBe('failed')
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('as what was added before it can not be written does not begin', async () => {
    const { db, disk } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const removals = [() => db.ltrim(0, b.location.position), () => db.rtrim(0, b.location.position), () => db.dropIndex(0)]
    for (const remove of removals) {
      await db.add(new Uint8Array(9))
      disk.inject({ kind: 'append', fault: fail('NO_SPACE') })
      expect(await codeOf(remove())).toBe('NO_SPACE')
      expect(db.state).toBe('running')
      await db.flush()
    }
    expect(sequencesOf(await collect(db.scan()))).toEqual([0, 1, 2, 3, 4])
  })

  test('to take the first file away keeps the others, and no gap is left by the next drop', async () => {
    for (const when of ['before', 'after'] as const) {
      const { db, disk, memory, options } = await openStore(SMALL)
      await fillUpTo(db, 3)
      disk.inject({ kind: 'remove', fault: fail('IO', { when }) })
      expect(await codeOf(db.dropIndex(0))).toBe('IO')
      await db.dropIndex(1)
      expect((await collect(db.scan()))[0]?.location.index).toBe(2)
      await db.stop()
      const { db: second } = await openStore(options, memory)
      const first = when === 'before' ? 0 : 2
      expect((await collect(second.scan()))[0]?.location.index).toBe(first)
      await second.stop()
    }
  })
})

describe('a removal of which nobody saw that it is durable', () => {
  const tries: readonly (readonly [string, (db: Varve, all: readonly ScannedItem[]) => Promise<unknown>, string | number])[] = [
    ['an ltrim', (db, all) => db.ltrim(1, nthIn(all, 1, 2).position), 0],
    ['an rtrim', (db, all) => db.rtrim(1, nthIn(all, 1, 2).position), 0],
    ['a drop', (db) => db.dropIndex(1), 'INDEX_NOT_FOUND'],
  ]

  test.each(tries)('%s, is so when another try finds nothing left to remove', async (_, remove, answer) => {
    const source = await openStore(SMALL)
    await files(source)
    const disk = powerLossBackend({ files: await copyFiles(source.memory) })
    const failing = faultyBackend(disk)
    const db = new Varve(failing, SMALL, new ManualClock())
    await db.start()
    const all = await collect(db.scan())
    failing.inject({ kind: 'replace', fault: act('the directory can not be synced', () => disk.failNextSync({ of: 'directory' })) })
    expect(await codeOf(remove(db, all))).toBe('IO')
    const left = await collect(db.scan())
    expect(left.length).toBeLessThan(all.length)
    expect(await remove(db, all).catch(({ code }: { code: string }) => code)).toBe(answer)
    for (const state of disk.crashStates()) {
      await using after = await Varve.open(state.backend(), SMALL)
      expect(await collect(after.scan())).toEqual(left)
    }
    await db.stop()
  })
})
