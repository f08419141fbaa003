import type { FileBackend } from '@varve/backend'
import { deleteCursor, listCursors, readCursor, writeCursor } from '../cursor/cursor-files.js'
import { VarveError } from '../errors.js'
import type { CursorState } from '../format/cursor-file.js'
import type { StoreIdentity } from '../read/open-file.js'

/** A store's cursors by name; undefined for one whose file is not what it should be. */
export type FoundCursors = ReadonlyMap<string, CursorState | undefined>

export async function readCursors(backend: FileBackend, { storeId }: Pick<StoreIdentity, 'storeId'>): Promise<FoundCursors> {
  const found = new Map<string, CursorState | undefined>()
  for (const name of await listCursors(backend)) {
    const state = await intactCursor(backend, name, storeId)
    // One that is gone by now was removed.
    if (state !== 'gone') found.set(name, state)
  }
  return found
}

/**
 * Makes the destination's cursors the same, but for those that are ahead of the items it has, which end before `sequence`: to go on from such a one would leave out items. Those, and damaged ones, stay as they are there. Whether
 * none was ahead.
 */
export async function copyCursors(
  found: FoundCursors,
  sequence: number,
  destination: FileBackend,
  assertGoing: () => void,
): Promise<boolean> {
  const there = await listCursors(destination)
  for (const name of there) {
    if (found.has(name)) continue
    assertGoing()
    await deleteCursor(destination, name)
  }
  let isAll = true
  for (const [name, state] of found) {
    if (!state) continue
    if (state.sequence > sequence) {
      isAll = false
      continue
    }
    const copied = there.includes(name) ? await intactCursor(destination, name, state.storeId) : undefined
    if (typeof copied === 'object' && copied.sequence === state.sequence && copied.timestamp === state.timestamp) continue
    await writeCursor(destination, name, state, assertGoing)
  }
  return isAll
}

async function intactCursor(backend: FileBackend, name: string, storeId: Uint8Array): Promise<CursorState | 'gone' | undefined> {
  try {
    return (await readCursor(backend, name, storeId)) ?? 'gone'
  } catch (error) {
    if (VarveError.is(error) && UNUSABLE.has(error.code)) return undefined
    throw error
  }
}

const UNUSABLE: ReadonlySet<string> = new Set(['CORRUPT', 'UNSUPPORTED_VERSION', 'FOREIGN_FILE', 'UNSUPPORTED'])
