import { Varve, type VarveOptions } from '@varve/core'
import { type FoundStore, findStore, requireStore } from './find-store.js'
import { placeOf } from './store-place.js'

/** Opens a store beside whoever writes to it. */
export async function reading<T>(path: string, work: (store: Varve, found: FoundStore) => Promise<T>): Promise<T> {
  const found = await requireStore(path)
  const store = await Varve.open(found.backend, { ...found.options, create: false, readOnly: true })
  return stoppingAfter(store, () => work(store, found))
}

/** Opens a store to write to it. Where there is none it is made, unless `create` is false. */
export async function writing<T>(path: string, options: VarveOptions, work: (store: Varve) => Promise<T>): Promise<T> {
  const place = options.create === false ? await requireStore(path) : await placeOf(path)
  const found = await findStore(place)
  const store = await Varve.open(place.backend, { ...found?.options, ...options })
  return stoppingAfter(store, () => work(store))
}

/** What failed is the news, not that a store in trouble can't be stopped either. */
export async function stoppingAfter<T>(store: Varve, work: () => Promise<T>): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    await store.stop().catch(() => undefined)
    throw error
  }
  await store.stop()
  return result
}
