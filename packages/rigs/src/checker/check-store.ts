import type { Files, PowerLossBackend } from '@varve/backend/faults'
import { type Location, Varve, VarveError } from '@varve/core'
import { contentOf } from '../programs/item-content.js'
import type { LedgerBase, PlacedItem } from '../programs/ledger.js'
import { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import { assertKept } from './agree.js'
import type { Expectation } from './expectation.js'
import { BrokenPromise, describeItem, isContentOf, observe } from './observe.js'

/** What came out of a recovery: the start of another ledger. */
export type Recovered = LedgerBase

// Items that no program adds.
const FRESH = [
  { number: 1_000_001, size: 21, durable: true },
  { number: 1_000_002, size: 5, durable: false },
] as const

/**
 * Opens what a power cut left, as any user would, and throws where something of the promise is broken: read-only first, as it is; then for writing, which
 * recovers it; then adds something, stops, and opens it once more.
 */
export async function checkStore(disk: PowerLossBackend, expected: Expectation, settings: StoreSettings): Promise<Recovered> {
  const raw = await lookBeforeRecovery(disk, expected, settings)
  const store = openable(disk, settings)
  let next = 0
  store.on('start', ({ nextSequence }) => (next = nextSequence))
  await store.start()
  assertOnlyStoreFiles(disk.contents())
  const shown = await observe(store, expected.items)
  const removed = assertKept(expected, shown, next)
  assertSame(raw, shown)
  const items = expected.items.slice(0, next)
  await assertUnreadable(store, items.filter(({ sequence }) => removed.has(sequence)), 'was removed')
  await assertUnreadable(store, expected.items.slice(next), 'was lost')
  const fresh = await addFresh(store, next, items.slice(0, expected.least))
  await store.stop()
  await assertReopens(disk, settings, [...shown, ...fresh])
  if (disk.openFiles > 0 || disk.locked) throw new BrokenPromise(`after stop ${disk.openFiles} handles are open${disk.locked ? ', and the lock is held' : ''}`)
  return { items, removed, next }
}

function openable(disk: PowerLossBackend, settings: StoreSettings, readOnly = false): Varve {
  return new Varve(disk, { ...settings, readOnly, overwrite: true }, new ManualClock())
}

/** What a reader sees of it as it is, who repairs nothing; undefined where there is no store yet. */
async function lookBeforeRecovery(disk: PowerLossBackend, expected: Expectation, settings: StoreSettings): Promise<readonly PlacedItem[] | undefined> {
  const { revision } = disk
  const reader = openable(disk, settings, true)
  try {
    await reader.start()
  } catch (error) {
    if (expected.least > 0 || !VarveError.is(error) || (error.code !== 'NOT_FOUND' && error.code !== 'CORRUPT')) throw error
    return undefined
  }
  const shown = await observe(reader, expected.items)
  for (const item of expected.items) {
    const data = await reader.read(item.location).catch((error: unknown) => {
      if (!VarveError.is(error)) throw error
      return undefined
    })
    if (data && !isContentOf(item, data)) throw new BrokenPromise(`read-only, wrong bytes are read of ${describeItem(item)}`)
    if (data && expected.removed.has(item.sequence)) throw new BrokenPromise(`read-only, ${describeItem(item)} is read, though it was removed`)
  }
  await reader.stop()
  if (disk.revision !== revision) throw new BrokenPromise('a read-only store has written')
  return shown
}

function assertSame(raw: readonly PlacedItem[] | undefined, recovered: readonly PlacedItem[]): void {
  const before = (raw ?? []).map(({ sequence }) => sequence).join()
  const after = recovered.map(({ sequence }) => sequence).join()
  if (before !== after) throw new BrokenPromise(`before recovery a reader sees the sequences ${before}, after it ${after} are there`)
}

function assertOnlyStoreFiles(files: Files): void {
  for (const name of files.keys()) {
    if (!/^(\.cut\.data\d{5}\.dat\.\d+|data\d{5}\.dat)$/.test(name)) throw new BrokenPromise(`after recovery there is a file ${name}`)
  }
}

async function assertUnreadable(store: Varve, items: readonly PlacedItem[], why: string): Promise<void> {
  for (const item of items) {
    const data = await store.read(item.location)
    if (data) throw new BrokenPromise(`${describeItem(item)} is read, though it ${why}`)
  }
}

/** Adds items, which must get places and sequences that nothing acknowledged ever had. */
async function addFresh(store: Varve, next: number, acknowledged: readonly PlacedItem[]): Promise<PlacedItem[]> {
  const last = acknowledged.at(-1)?.location
  const fresh: PlacedItem[] = []
  for (const [n, { number, size, durable }] of FRESH.entries()) {
    const location = await store.add(contentOf(number, size), { durable })
    const item = { number, size, location, sequence: next + n }
    if (last && !isBehind(location, last)) throw new BrokenPromise(`${describeItem(item)}, which is new, got a place that an acknowledged item had`)
    fresh.push(item)
  }
  return fresh
}

function isBehind(location: Location, other: Location): boolean {
  return location.index > other.index || (location.index === other.index && location.position >= other.position + other.size)
}

/** Opens a store that was stopped, and stops it again: nothing may change. */
async function assertReopens(disk: PowerLossBackend, settings: StoreSettings, items: readonly PlacedItem[]): Promise<void> {
  const before = disk.contents()
  const store = openable(disk, settings)
  await store.start()
  const bySequence: PlacedItem[] = []
  for (const item of items) bySequence[item.sequence] = item
  const shown = await observe(store, bySequence)
  if (shown.length !== items.length) throw new BrokenPromise(`a clean stop kept ${shown.length} of ${items.length} items`)
  await store.stop()
  const after = disk.contents()
  const isSame = before.size === after.size && [...before].every(([name, bytes]) => Buffer.compare(bytes, after.get(name) ?? new Uint8Array(0)) === 0)
  if (!isSame) throw new BrokenPromise('opening and stopping a store that was stopped cleanly changed its files')
}
