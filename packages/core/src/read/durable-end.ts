import { VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { MiB } from '../options.js'
import { BlockCursor } from './block-cursor.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import { findHeader } from './find-header.js'
import type { OpenFile } from './open-file.js'
import type { Place, ScanSource } from './scan-source.js'
import { readClose, unprovenIn } from './tail.js'

/**
 * The end of what is durable in a store: what stands before it and is not valid is damage; what stands behind it is a write under way, the rest of
 * one that a crash cut off, or a transaction without its end. `indexes` are the data files that are there.
 */
export async function findDurableEnd(source: ScanSource, indexes: readonly number[]): Promise<Place> {
  return source.isBesideWriter ? durableEndOfFiles(source.files, indexes) : source.frontier
}

/** The same of a store that nobody writes to, or somebody else does. */
export async function durableEndOfFiles(files: FileSet, indexes: readonly number[]): Promise<Place> {
  for (const index of [...indexes].reverse()) {
    const end = await endInFile(files, index)
    if (end) return end
  }
  return { index: indexes[0] ?? 0, position: 0 }
}

/** Undefined where there is no file, or one that nothing was stored in. */
async function endInFile(files: FileSet, index: number): Promise<Place | undefined> {
  try {
    return await files.with(index, async (open) => {
      await open.refresh()
      return durableEndOf(open, files.identity.storeSeed)
    })
  } catch (error) {
    // What stands in the last file's place is not of this store, or can't be made out: the file before it was closed.
    if (VarveError.is(error) && UNREADABLE.has(error.code)) return { index, position: 0 }
    throw error
  }
}

const UNREADABLE = new Set<VarveError['code']>(['CORRUPT', 'FOREIGN_FILE', 'GENESIS_MISMATCH', 'UNSUPPORTED_VERSION', 'UNSUPPORTED'])

/** The end of what is durable where this is the store's last file; damage before it is gone over. */
async function durableEndOf(open: OpenFile, storeSeed: number): Promise<Place> {
  const { index, header } = open
  const close = await readClose(open, storeSeed)
  if (close && !close.continues && close.durablePosition === open.end - BLOCK_HEADER_BYTES) return { index, position: open.end }
  const window = new FileWindow(open, MiB)
  const cursor = new BlockCursor(window, storeSeed)
  const unproven = unprovenIn(open)
  /** What any block of the file says was durable; looked for only where something is not valid. */
  let proven: number | undefined
  for (;;) {
    const block = await cursor.next()
    if (block) {
      unproven.add(block)
      continue
    }
    const damage = cursor.position
    proven ??= await latestProof(window, damage, storeSeed)
    const next = proven > damage ? await findHeader(window, damage + 1, storeSeed) : undefined
    if (!next) break
    cursor.position = next.position
    unproven.prove(next.position)
    // A closing block within a group comes right behind a block of that group.
    unproven.group = next.header.close && next.header.continues ? damage : undefined
  }
  const bad = await unproven.firstInvalid(window, storeSeed)
  const { group } = bad ?? unproven
  if (group === 'earlier file') return header.groupStart
  return { index, position: group ?? bad?.position ?? cursor.position }
}

/** The highest position of which any block behind `from` says that it was durable. Goes through the file once, so that no store can make it go through many times. */
async function latestProof(window: FileWindow, from: number, storeSeed: number): Promise<number> {
  let latest = 0
  await findHeader(window, from + 1, storeSeed, ({ durablePosition }) => {
    latest = Math.max(latest, durablePosition)
    return false
  })
  return latest
}
