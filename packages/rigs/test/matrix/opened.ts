import { type Files, type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import { type Location, Varve, type VarveEvents, type VarveOptions } from '@varve/core'
import { onTestFinished } from 'vitest'
import { contentOf } from '../../src/programs/item-content.js'
import { ManualClock } from '../../src/programs/manual-clock.js'

export const FILE_HEADER = 64
export const BLOCK_HEADER = 44
export const RECORD_HEADER = 8

export { contentOf }

/** A store that runs on a disk, and is stopped at the end of the test. */
export async function opened(disk: PowerLossBackend, options: VarveOptions = {}, clock = new ManualClock()): Promise<Varve> {
  const store = new Varve(disk, { maxFileSize: 1024, overwrite: true, ...options }, clock)
  await store.start()
  onTestFinished(() => store.stop().catch(() => undefined))
  return store
}

/** The files of a store that holds these items, each acknowledged as durable and in a block of its own, after a crash without a stop. */
export async function filesOf(
  items: readonly Uint8Array[],
  options: VarveOptions = {},
): Promise<{ readonly files: Map<string, Uint8Array>; readonly locations: readonly Location[] }> {
  const disk = powerLossBackend()
  const store = new Varve(disk, { maxFileSize: 1024, ...options }, new ManualClock())
  await store.start()
  const locations: Location[] = []
  for (const item of items) locations.push(await store.add(item, { durable: true }))
  const files = copyOf(disk.contents())
  await store.stop()
  return { files, locations }
}

/** A disk that holds files, all of them durable. */
export function diskOf(files: Files): PowerLossBackend {
  return powerLossBackend({ files: copyOf(files) })
}

export function copyOf(files: Files): Map<string, Uint8Array> {
  return new Map([...files].map(([name, bytes]) => [name, Uint8Array.from(bytes)]))
}

/** The state that a power cut leaves in which nothing survives that is in doubt. */
export function afterPowerCut(disk: PowerLossBackend): PowerLossBackend {
  for (const state of disk.crashStates()) return state.backend()
  throw new Error('there is no state')
}

/** What recovery told of its cuts while `start` ran. */
export async function openedTellingCuts(
  disk: PowerLossBackend,
  options: VarveOptions = {},
): Promise<{ readonly store: Varve; readonly cuts: VarveEvents['recover']['cut'] }> {
  const cuts: VarveEvents['recover']['cut'][number][] = []
  const store = new Varve(disk, { maxFileSize: 1024, overwrite: true, ...options }, new ManualClock())
  store.on('recover', ({ cut }) => void cuts.push(...cut))
  await store.start()
  onTestFinished(() => store.stop().catch(() => undefined))
  return { store, cuts }
}

export async function itemsOf(store: Varve): Promise<Uint8Array[]> {
  const items: Uint8Array[] = []
  for await (const { data } of store.scan()) items.push(data)
  return items
}

/** The bytes of a file, which has to be there. */
export function bytesOf(files: Files, name: string): Uint8Array {
  const bytes = files.get(name)
  if (!bytes) throw new Error(`there is no ${name} among ${[...files.keys()].join(', ')}`)
  return bytes
}
