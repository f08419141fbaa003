import type { FileBackend } from '@varve/backend'
import { type ScannedItem, Varve } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { cursorOf } from '../programs/cursor.js'
import { ManualClock } from '../programs/manual-clock.js'
import type { StoreSettings } from '../programs/program.js'
import type { Look } from './settlement.js'

/** All that is in a store, as one sees it who only reads: by a scan, and once more by each item's location; and where its cursor is. */
export async function lookAt(backend: FileBackend, settings: StoreSettings): Promise<Pick<Look, 'items' | 'cursor'>> {
  const store = new Varve(backend, { ...settings, readOnly: true }, new ManualClock())
  await store.start()
  const items: ScannedItem[] = []
  for await (const item of store.scan()) items.push(item)
  const read = await store.readMany(items.map(({ location }) => location))
  items.forEach(({ location: { index, position }, data }, n) => {
    if (Buffer.compare(data, read[n] ?? new Uint8Array(0)) !== 0) throw new BrokenPromise(`scan and read differ at ${index}:${position}`)
  })
  const cursor = await cursorOf(store)
  await store.stop()
  return { items, cursor }
}
