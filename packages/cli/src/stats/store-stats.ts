import type { Varve } from '@varve/core'
import { lockHolderOf } from '@varve/fs-backend'
import { type Context, noMoreOutput } from '../context.js'
import type { FoundStore } from '../store/find-store.js'
import { startProgress } from '../terminal/progress.js'
import { isClean } from './is-clean.js'
import { type SizeBin, SizeHistogram } from './size-histogram.js'

export interface StoreStats {
  readonly files: number
  readonly firstIndex: number
  readonly lastIndex: number
  /** Of all data files. */
  readonly bytes: number
  /** Of the first item that is still there, or would be; and the next one that is added. */
  readonly firstSequence: number
  readonly nextSequence: number
  /** Whether the next start has nothing to recover. */
  readonly isClean: boolean
  /** Who has it open for writing; null also where that can't be told, as the store is not in a directory. */
  readonly lock: string | null
  readonly items?: ItemStats
}

/** What only a walk through all the items tells. */
interface ItemStats {
  readonly count: number
  /** Of the items alone. */
  readonly bytes: number
  /** When the first and the last were stored, in milliseconds since the Unix epoch. */
  readonly oldest: number | null
  readonly newest: number | null
  readonly sizes: readonly SizeBin[]
  /** Places at which items could not be looked at. */
  readonly damages: number
}

/** What a store holds and how it is. Without `walk` that costs next to nothing, whatever its size. */
export async function storeStats(store: Varve, found: FoundStore, walk: boolean, context: Context): Promise<StoreStats> {
  const { files, firstIndex, lastIndex, bytes, firstSequence, nextSequence } = await store.stats()
  const items = walk ? await itemStats(store, bytes, context) : undefined
  return {
    files,
    firstIndex,
    lastIndex,
    bytes,
    firstSequence,
    nextSequence,
    isClean: await isClean(found),
    lock: (found.directory !== undefined && lockHolderOf(found.directory)) || null,
    ...(items && { items }),
  }
}

async function itemStats(store: Varve, totalBytes: number, context: Context): Promise<ItemStats> {
  const sizes = new SizeHistogram()
  const progress = startProgress(context.err, 'count', totalBytes)
  let oldest: number | null = null
  let newest: number | null = null
  let damages = 0
  try {
    for await (const { location, timestamp } of store.locations({ onDamage: () => damages++, signal: noMoreOutput(context) })) {
      sizes.add(location.size)
      oldest ??= timestamp
      newest = timestamp
      progress.advance(location.size)
    }
  } finally {
    progress.stop()
  }
  return { count: sizes.items, bytes: sizes.bytes, oldest, newest, sizes: sizes.bins(), damages }
}
