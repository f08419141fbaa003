import { everyCrash, everyFault, powerLossBackend, readFiles } from '@varve/backend/faults'
import { type FileBackend, type ScannedItem, Varve, VarveError } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { type DamagedStore, damagedStores, intactItems, SMALL } from './support/damaged-stores.js'
import { collect } from './support/scanning.js'
import { diskOf, type StoredFiles } from './support/stored-bytes.js'

const ADDED = '1,1,1'
const stores = await damagedStores()

/** Whatever state a repair left, every intact item can be read, and another repair makes the store whole with all of them. */
async function checkRepairable(backend: FileBackend, intact: readonly ScannedItem[], before: StoredFiles): Promise<void> {
  const reader = await Varve.open(backend, { ...SMALL, readOnly: true })
  assertSame(await collect(reader.scan({ onDamage: () => {} })), intact, 'a reader')
  await reader.stop()
  await Varve.repair(backend, SMALL)
  const db = await Varve.open(backend, SMALL)
  const { isIntact, damages } = await db.verify()
  if (!isIntact) throw new Error(`after the repair: ${JSON.stringify(damages)}`)
  assertSame(await collect(db.scan()), intact, 'the repaired store')
  await db.add(Uint8Array.of(1, 1, 1), { durable: true })
  await db.stop()
  await assertKept(backend, before)
}

function assertSame(found: readonly ScannedItem[], expected: readonly ScannedItem[], who: string): void {
  const keys = (items: readonly ScannedItem[]) =>
    items.map(({ location, sequence, data }) => JSON.stringify([location, sequence, [...data]]))
  // A check that was interrupted has added an item of its own.
  const [a, b] = [keys(found.filter(({ data }) => String(data) !== ADDED)), keys(expected)]
  const missing = b.filter((key) => !a.includes(key))
  if (missing.length > 0 || a.length !== b.length) throw new Error(`${who} shows ${a.length} of ${b.length} items; missing: ${missing}`)
}

/** Bytes that are not where they were are in what was kept, but for the cut-off tail of the last file, which a start cuts. */
async function assertKept(backend: FileBackend, before: StoredFiles): Promise<void> {
  const after = await readFiles(backend)
  const kept = [...after]
    .filter(([name]) => name.startsWith('.quarantine.') || name.startsWith('.cut.'))
    .map(([, bytes]) => Buffer.from(bytes))
  for (const [name, bytes] of before) {
    const now = after.get(name) ?? new Uint8Array(0)
    const whole = Buffer.from(bytes)
    const isCovered = new Array<boolean>(bytes.length).fill(false)
    for (const copy of kept) {
      for (let at = whole.indexOf(copy); at >= 0 && copy.length > 0; at = whole.indexOf(copy, at + 1))
        isCovered.fill(true, at, at + copy.length)
    }
    const lost = bytes.findIndex((byte, at) => byte !== now[at] && !isCovered[at])
    if (lost >= 0) throw new Error(`byte ${lost} of ${name} was changed and not kept`)
  }
}

describe('a repair that is interrupted loses no intact item, and another one does the rest', () => {
  const timeout = 120_000

  test.each(stores)('by a power cut at any step: $name', { timeout }, async ({ files }: DamagedStore) => {
    const intact = await intactItems(files)
    const { states } = await everyCrash({
      backend: powerLossBackend({ files }),
      promised: {},
      run: (backend) => Varve.repair(backend, SMALL),
      check: (backend) => checkRepairable(backend, intact, files),
      states: { sectorSize: 64, maxSectors: 4, maxSubsets: 16, samples: 2 },
    })
    expect(states).toBeGreaterThan(5)
  })

  test('by a power cut, and by another one in the repair of what that left', { timeout }, async () => {
    const [{ files }] = stores as [DamagedStore]
    const intact = await intactItems(files)
    const { states } = await everyCrash({
      backend: powerLossBackend({ files }),
      promised: {},
      run: (backend) => Varve.repair(backend, SMALL),
      check: (backend) => checkRepairable(backend, intact, files),
      depth: 2,
      states: { sectorSize: 512, maxSectors: 1, maxSubsets: 4, samples: 0 },
    })
    expect(states).toBeGreaterThan(20)
  })

  test.each(stores)('by an error of any call, which it names: $name', { timeout }, async ({ files }: DamagedStore) => {
    const intact = await intactItems(files)
    const { faults } = await everyFault({
      make: async () => ({ backend: await diskOf(files) }),
      run: (backend) => Varve.repair(backend, SMALL),
      check: async ({ backend }, { call, error, completed, left }) => {
        if (!completed && !(error instanceof VarveError)) throw new Error(`rejected without a name, with ${String(error)}`)
        // A lock that can't be given back is told of like any other error.
        const isHeld = left.locks > 0 && (completed || call?.kind !== 'release')
        if (left.files.length > 0 || isHeld) throw new Error(`left over: ${left.files}, ${left.locks} locks`)
        if (completed && call?.kind === 'sync') throw new Error('a failed sync went unnoticed')
        await checkRepairable(backend, intact, files)
      },
    })
    expect(faults).toBeGreaterThan(50)
  })
})
