import { BackendError } from '@varve/backend'
import { type StorageManager, webNavigator } from './web-platform.js'

/** What the browser gives the origin: all its stores, databases and caches together. */
export interface StorageStatus {
  /** Whether the browser keeps the origin's data until the person deletes it. Otherwise it may remove all of it when the disk runs full. */
  readonly persisted: boolean
  /** Bytes in use, as the browser estimates it. */
  readonly usage: number
  /** Bytes that the origin may use, as the browser estimates it: more than that is `NO_SPACE`. The disk may be full before. */
  readonly quota: number
}

/** How safe the origin's data is from the browser, and how much room there is. On a page or in a worker. */
export async function storageStatus(): Promise<StorageStatus> {
  const storage = storageManager()
  const [persisted, { usage = 0, quota = 0 }] = await Promise.all([storage.persisted(), storage.estimate()])
  return { persisted, usage, quota }
}

/**
 * Asks the browser to keep the origin's data until the person deletes it, and resolves to whether it does. Some ask the person; some decide by how the site is
 * used, and may say no now and yes later. On a page only: `UNSUPPORTED` in a worker.
 */
export async function persist(): Promise<boolean> {
  const storage = storageManager()
  if (typeof storage.persist !== 'function') throw new BackendError('UNSUPPORTED', 'persist: only a page can ask the browser for that')
  return storage.persist()
}

function storageManager(): StorageManager {
  if (!webNavigator.storage) throw new BackendError('UNSUPPORTED', 'there is no storage manager here')
  return webNavigator.storage
}
