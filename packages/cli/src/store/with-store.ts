import { Varve, type VarveOptions } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { type FoundStore, findStore, requireStore } from './find-store.js'

/** Opens a store beside whoever writes to it. */
export async function reading<T>(path: string, work: (store: Varve, found: FoundStore) => Promise<T>): Promise<T> {
  const found = await requireStore(path)
  const store = await Varve.open(fsBackend(path), { ...found.options, create: false, readOnly: true })
  return stoppingAfter(store, () => work(store, found))
}

/** Opens a store to write to it. Where there is none it is made, unless `create` is false. */
export async function writing<T>(path: string, options: VarveOptions, work: (store: Varve) => Promise<T>): Promise<T> {
  const found = options.create === false ? await requireStore(path) : await findStore(path)
  const store = await Varve.open(fsBackend(path), { ...found?.options, ...options })
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
