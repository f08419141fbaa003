import { hash } from 'node:crypto'
import { type Location, type Varve, VarveError } from '@varve/core'
import type { Progress } from '../terminal/progress.js'
import type { FoundFile, Skipped } from './find-files.js'
import { readAhead } from './read-ahead.js'

/** A file that is now an item. */
export interface LaidDown {
  readonly path: string
  readonly location: Location
  readonly sha256: string
}

export interface LayDownOptions {
  readonly progress: Progress
  /** Files that can't be added after all are counted here. */
  readonly skipped: Skipped
  readonly signal: AbortSignal
}

/** Adds each file as an item. What is added is durable once the store was flushed or stopped. */
export async function addFiles(store: Varve, files: readonly FoundFile[], options: LayDownOptions): Promise<LaidDown[]> {
  const laidDown: LaidDown[] = []
  for await (const { path, data, sha256 } of readItems(files, options)) {
    try {
      laidDown.push({ path, location: await store.add(data, { signal: options.signal }), sha256 })
    } catch (error) {
      if (!VarveError.is(error) || error.code !== 'ITEM_TOO_LARGE') throw error
      options.skipped.tooLarge++
    }
  }
  return laidDown
}

/** Adds the files in one transaction: all of them are there, and durable, when it resolves, or none. */
export async function commitFiles(store: Varve, files: readonly FoundFile[], options: LayDownOptions): Promise<LaidDown[]> {
  const transaction = store.transaction()
  const staged: { path: string; sha256: string }[] = []
  for await (const { path, data, sha256 } of readItems(files, options)) {
    transaction.add(data)
    staged.push({ path, sha256 })
  }
  if (staged.length === 0) return []
  const locations = await transaction.commit()
  return staged.map((file, n) => ({ ...file, location: locations[n]! }))
}

interface ReadItem {
  readonly path: string
  readonly data: Uint8Array
  readonly sha256: string
}

/** The files with what they hold now; those that can't be read or have become empty since they were found are skipped. */
async function* readItems(files: readonly FoundFile[], { progress, skipped, signal }: LayDownOptions): AsyncGenerator<ReadItem> {
  for await (const { path, size, data } of readAhead(files)) {
    signal.throwIfAborted()
    if (data === undefined) skipped.unreadable++
    else if (data.length === 0) skipped.empty++
    else yield { path, data, sha256: hash('sha256', data, 'hex') }
    progress.advance(size)
  }
}
