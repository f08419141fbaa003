import { createHash } from 'node:crypto'
import type { Files, PowerLossBackend } from '@varve/backend/faults'
import { type Location, Varve, VarveError } from '@varve/core'
import { CURSOR, cursorOf } from '../programs/cursor.js'
import { contentOf } from '../programs/item-content.js'
import type { PlacedItem } from '../programs/ledger.js'
import { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import { BrokenPromise } from './broken-promise.js'
import { assertShownAlike, describe, isContentOf, type Sighting, sightingsOf } from './sighting.js'

/** What is seen of a store that a power cut left, by whoever opens it. */
export interface Inspection {
  /** By a reader before recovery; undefined where none looked. */
  readonly raw: readonly Sighting[] | undefined
  /** Where the reader found the cursor; undefined where none looked. */
  readonly rawCursor: number | undefined
  /** After recovery. */
  readonly recovered: readonly Sighting[]
  /** The sequence of the next item after recovery. */
  readonly next: number
  /** Where the next item then came to lie. */
  readonly nextPlace: Location
  /** Where the cursor is after recovery. */
  readonly cursor: number
}

/** By their names and bytes: recovered files that were used already. */
export type UsedRecoveries = Map<string, UsedRecovery>

interface UsedRecovery {
  /** Where the next item came to lie. */
  readonly nextPlace: Location
  /** How often another state was recovered to the same files. */
  again: number
}

// Items that no program adds.
const FRESH = [
  { number: 1_000_001, size: 21, durable: true },
  { number: 1_000_002, size: 5, durable: false },
] as const

// To read every byte once more costs as much as all the rest.
const VERIFIED_ONE_IN = 4
// A stop costs twice what a recovery does, and does the same thing to the same files.
const STOPPED_ONE_IN = 8

export interface InspectOptions {
  /** Those that may be there. */
  readonly items: readonly PlacedItem[]
  readonly settings: StoreSettings
  readonly used: UsedRecoveries
  /** Whether it is opened to read, as it is, before it is recovered. */
  readonly readFirst: boolean
}

/**
 * Opens what a power cut left as its users would: to read; then to write, which recovers it; then adds something, stops, and opens it once more.
 * Throws where it contradicts itself. Most torn writes are recovered to the same files, which are used once only.
 */
export async function inspect(disk: PowerLossBackend, { items, settings, used, readFirst }: InspectOptions): Promise<Inspection> {
  const before = readFirst ? await lookBeforeRecovery(disk, items, settings) : undefined
  const [raw, rawCursor] = [before?.items, before?.cursor]
  const store = openable(disk, settings)
  let next = 0
  store.on('start', ({ nextSequence }) => (next = nextSequence))
  await store.start()
  const files = disk.contents()
  assertOnlyStoreFiles(files)
  const recovered = await sightingsOf(store)
  const cursor = await cursorOf(store)
  const key = `${hashOf(files)} ${next} ${items.length}`
  const known = used.get(key)
  if (known) {
    if (++known.again % STOPPED_ONE_IN === 0) await stop(store, disk)
    return { raw, rawCursor, recovered, next, nextPlace: known.nextPlace, cursor }
  }
  await assertIntact(store, recovered.length)
  await assertShownAlike(store, recovered)
  await assertUnreadable(
    store,
    items.filter(({ sequence }) => recovered.every((sighting) => sighting.sequence !== sequence)),
  )
  const fresh = await addFresh(store, next)
  const nextPlace = (fresh[0] as Sighting).location
  await stop(store, disk)
  await assertReopens(disk, settings, [...recovered, ...fresh])
  used.set(key, { nextPlace, again: 0 })
  return { raw, rawCursor, recovered, next, nextPlace, cursor }
}

async function stop(store: Varve, disk: PowerLossBackend): Promise<void> {
  await store.stop()
  if (disk.openFiles > 0 || disk.locked)
    throw new BrokenPromise(`after stop ${disk.openFiles} handles are open${disk.locked ? ', and the lock is held' : ''}`)
}

function openable(disk: PowerLossBackend, settings: StoreSettings, readOnly = false): Varve {
  return new Varve(disk, { ...settings, readOnly, overwrite: true }, new ManualClock())
}

async function lookBeforeRecovery(
  disk: PowerLossBackend,
  items: readonly PlacedItem[],
  settings: StoreSettings,
): Promise<{ readonly items: readonly Sighting[]; readonly cursor: number }> {
  const { revision } = disk
  const reader = openable(disk, settings, true)
  try {
    await reader.start()
  } catch (error) {
    if (VarveError.is(error) && error.code === 'NOT_FOUND') return { items: [], cursor: 0 }
    throw error
  }
  const sightings = await sightingsOf(reader)
  const seen = new Set(sightings.map(({ sequence }) => sequence))
  const last = sightings.at(-1)?.sequence ?? -1
  for (const item of items) {
    const data = readIfThere(reader, item.location)
    if (data && !isContentOf(item, data)) throw new BrokenPromise(`read-only, wrong bytes are read of ${describe(item)}`)
    if (data && item.sequence < last && !seen.has(item.sequence))
      throw new BrokenPromise(`read-only, ${describe(item)} is read, though the scan goes past it`)
    if (!data && seen.has(item.sequence)) throw new BrokenPromise(`read-only, ${describe(item)} is not read, though the scan shows it`)
  }
  if (items.length % VERIFIED_ONE_IN === sightings.length % VERIFIED_ONE_IN) await assertIntact(reader, sightings.length)
  const cursor = await cursorOf(reader)
  await reader.stop()
  if (disk.revision !== revision) throw new BrokenPromise('a read-only store has written')
  return { items: sightings, cursor }
}

function readIfThere(reader: Varve, location: Location): Uint8Array | undefined {
  try {
    return reader.readSync(location)
  } catch (error) {
    // What was torn in its middle may be called so by name.
    if (VarveError.is(error) && (error.code === 'CORRUPT' || error.code === 'INVALID_LOCATION')) return undefined
    throw error
  }
}

/** Nothing that a power cut does is damage. */
async function assertIntact(store: Varve, items: number): Promise<void> {
  const report = await store.verify()
  const [damage] = report.damages
  if (damage) throw new BrokenPromise(`verify finds damage: ${JSON.stringify(damage)}`)
  if (report.items !== items) throw new BrokenPromise(`verify finds ${report.items} items, the scan shows ${items}`)
}

function assertOnlyStoreFiles(files: Files): void {
  for (const name of files.keys()) {
    if (name !== `cursor-${CURSOR}` && !/^(\.cut\.data\d{5}\.dat\.\d+|data\d{5}\.dat)$/.test(name))
      throw new BrokenPromise(`after recovery there is a file ${name}`)
  }
}

/** Without what was cut off and kept beside the store. */
function hashOf(files: Files): string {
  const hash = createHash('md5')
  for (const name of [...files.keys()].sort()) if (!name.startsWith('.cut.')) hash.update(name).update(files.get(name) as Uint8Array)
  return hash.digest('base64')
}

async function assertUnreadable(store: Varve, items: readonly PlacedItem[]): Promise<void> {
  for (const item of items) {
    const data = await store.read(item.location)
    if (data) throw new BrokenPromise(`${describe(item)} is read, though the scan does not show it`)
  }
}

async function addFresh(store: Varve, next: number): Promise<Sighting[]> {
  const fresh: Sighting[] = []
  for (const [n, { number, size, durable }] of FRESH.entries()) {
    const data = contentOf(number, size)
    fresh.push({ location: await store.add(data, { durable }), sequence: next + n, data })
  }
  return fresh
}

/** Opens a store that was stopped, and stops it again: nothing may change. */
async function assertReopens(disk: PowerLossBackend, settings: StoreSettings, expected: readonly Sighting[]): Promise<void> {
  const before = disk.contents()
  const store = openable(disk, settings)
  await store.start()
  await assertShownAlike(store, expected)
  await stop(store, disk)
  const after = disk.contents()
  const isSame =
    before.size === after.size && [...before].every(([name, bytes]) => Buffer.compare(bytes, after.get(name) ?? new Uint8Array(0)) === 0)
  if (!isSame) throw new BrokenPromise('opening and stopping a store that was stopped cleanly changed its files')
}
