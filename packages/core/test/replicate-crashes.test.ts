import { everyCrash, everyFault, powerLossBackend, readFiles } from '@varve/backend/faults'
import { type FileBackend, replicate, type ScannedItem, type ScannedLocation, Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { partOfDisk } from './support/part-of-disk.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { diskOf } from './support/stored-bytes.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 512, overwrite: true } as const
const AT_ONCE = { interval: 0 } as const
const STATES = { sectorSize: 64, maxSectors: 4, maxCombinations: 3, maxSubsets: 2, samples: 1 } as const

/** Every item is told from its sequence. */
function itemOf(sequence: number): Uint8Array {
  return item(20 + (sequence % 3) * 30, sequence + 1)
}

interface Promised {
  /** Items before this sequence were said to be in the copy, durably. */
  copied: number
  /** Items before this sequence may have been removed. */
  removed: number
}

/** What a replication goes through: rotations, a transaction across files, trims, a drop. */
async function live(db: Varve, promised: Promised, follow: () => Promise<void>, isShort = false): Promise<void> {
  let sequence = (await db.stats()).nextSequence
  const add = async (count: number, flush = true) => {
    for (let n = 0; n < count; n++) await db.add(itemOf(sequence++))
    if (flush) await db.flush()
  }
  const settled = async () => {
    await follow()
    promised.copied = sequence
  }
  await add(2)
  await settled()
  await add(1)
  await add(2)
  await settled()
  if (isShort) return
  const transaction = db.transaction()
  for (let n = 0; n < 8; n++) transaction.add(itemOf(sequence++))
  await transaction.commit()
  await settled()
  const [, second] = await collect(db.locations())
  promised.removed = (second as ScannedLocation).sequence
  await db.ltrim(0, (second as ScannedLocation).location.position)
  await add(1)
  await settled()
  promised.removed = 5
  await db.dropIndex(0)
  await add(1, false)
  await db.flush()
  await settled()
}

/** The copy is a store, of a beginning of what its source has or has had, and has what it was said to have. */
async function checkCopy(copy: FileBackend, next: number, { copied, removed }: Promised): Promise<void> {
  const files = await readFiles(copy)
  if (![...files.keys()].some((name) => name.startsWith('data'))) return expect(copied).toBe(0)
  const reader = await Varve.open(copy, { ...SMALL, readOnly: true })
  const found = await collect(reader.scan())
  await reader.stop()
  for (const { sequence, data } of found) expect(data).toEqual(itemOf(sequence))
  expect((found.at(-1) as ScannedItem | undefined)?.sequence ?? -1).toBeLessThan(next)
  const sequences = new Set(found.map(({ sequence }) => sequence))
  for (let sequence = removed; sequence < copied; sequence++) expect(sequences, `item ${sequence}`).toContain(sequence)
  const writer = await Varve.open(await diskOf(files), SMALL)
  expect(await collect(writer.scan())).toEqual(found)
  expect((await writer.verify()).isIntact).toBe(true)
  await writer.stop()
}

async function check(disk: FileBackend, promised: Promised): Promise<void> {
  const [source, copy] = [partOfDisk(disk, 's'), partOfDisk(disk, 'd')]
  await using db = await Varve.open(source, SMALL)
  await checkCopy(copy, (await db.stats()).nextSequence, promised)
  await db.add(itemOf((await db.stats()).nextSequence), { durable: true })
  await using replication = replicate(db, copy, AT_ONCE)
  await replication.caughtUp()
  await using reader = await Varve.open(copy, { ...SMALL, readOnly: true })
  expect(await collect(reader.scan())).toEqual(await collect(db.scan()))
}

describe('a power cut that hits both sides at once', () => {
  test('leaves a copy that has what it was said to have, and nothing that its source lost, of a store of this program', {
    timeout: 120_000,
  }, async () => {
    const { states } = await everyCrash<Promised>({
      promised: { copied: 0, removed: 0 },
      run: async (disk, promised) => {
        let look = async (): Promise<unknown> => undefined
        const db = await Varve.open(
          partOfDisk(disk, 's', () => look()),
          SMALL,
        )
        const replication = replicate(db, partOfDisk(disk, 'd'), AT_ONCE)
        look = () => replication.caughtUp()
        await live(db, promised, () => replication.caughtUp())
        look = async () => undefined
        await db.stop()
        await replication.done
      },
      check,
      states: STATES,
    })
    expect(states).toBeGreaterThan(100)
  })

  test('and of one that another process writes to', { timeout: 120_000 }, async () => {
    const { states } = await everyCrash<Promised>({
      promised: { copied: 0, removed: 0 },
      run: async (disk, promised) => {
        let look = async (): Promise<unknown> => undefined
        const source = partOfDisk(disk, 's', () => look())
        const db = await Varve.open(source, SMALL)
        const reader = await Varve.open(source, { ...SMALL, readOnly: true })
        const replication = replicate(reader, partOfDisk(disk, 'd'), AT_ONCE)
        look = () => replication.caughtUp()
        await live(db, { copied: 0, removed: 0 }, () => replication.caughtUp())
        promised.removed = 5
        await db.stop()
        await replication.caughtUp()
        promised.copied = (await reader.stats()).nextSequence
        await reader.stop()
        await replication.done
      },
      check,
      states: STATES,
    })
    expect(states).toBeGreaterThan(100)
  })
})

describe('an error of any call of the destination', () => {
  test.each([false, true])('(it stays: %s) leaves a copy that is gone on with', { timeout: 60_000 }, async (persistent) => {
    const report = await everyFault<{ backend: FileBackend; promised: Promised; source: FileBackend }>({
      persistent,
      make: () => ({ backend: powerLossBackend(), source: powerLossBackend(), promised: { copied: 0, removed: 0 } }),
      run: async (backend, { source, promised }) => {
        const db = await Varve.open(source, SMALL)
        const replication = replicate(db, backend, AT_ONCE)
        // It may take long to try again: what is promised is what it says.
        await live(db, { copied: 0, removed: 0 }, () => settle(8), true)
        await settle(8)
        promised.copied = replication.progress.sequence
        await replication.stop()
        await db.stop()
      },
      check: async ({ backend, source, promised }) => {
        await using db = await Varve.open(source, SMALL)
        await checkCopy(backend, (await db.stats()).nextSequence, promised)
        await using replication = replicate(db, backend, AT_ONCE)
        await replication.caughtUp()
        await using reader = await Varve.open(backend, { ...SMALL, readOnly: true })
        expect(await collect(reader.scan())).toEqual(await collect(db.scan()))
      },
    })
    expect(report.faults).toBeGreaterThan(20)
  })
})
