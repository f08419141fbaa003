import type { FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { CURSOR_BYTES, type CursorState, decodeCursor, encodeCursor } from '../format/cursor-file.js'
import { cursorFile, parseCursorFile, temporaryCursorFile } from '../format/file-name.js'
import { removeIfThere, writeReplacement } from '../maintain/rewrite-file.js'
import { sameBytes } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'

/** The cursors that a container holds, by name. */
export async function listCursors(backend: FileBackend): Promise<readonly string[]> {
  const names = await backend.list().catch((error: unknown) => {
    throw backendFailure(`list ${backend.description}`, error)
  })
  return names.flatMap((name) => parseCursorFile(name) ?? []).sort()
}

/** What a cursor's file says; undefined where there is none. `CORRUPT`, `UNSUPPORTED_VERSION`, or `FOREIGN_FILE` where it is another store's. */
export async function readCursor(backend: FileBackend, name: string, storeId: Uint8Array): Promise<CursorState | undefined> {
  const bytes = await bytesOf(backend, name).catch((error: unknown) => {
    throw backendFailure(`read the cursor ${name}`, error)
  })
  if (!bytes) return undefined
  const state = decodeCursor(name, bytes)
  if (state === 'version') throw new VarveError('UNSUPPORTED_VERSION', `the cursor ${name} was written by a newer version of Varve`)
  if (state === 'damaged')
    throw new VarveError(
      'CORRUPT',
      `the cursor ${name}, in ${cursorFile(name)}, is damaged; removeCursor forgets it, and its consumer begins anew`,
    )
  if (!sameBytes(state.storeId, storeId)) throw new VarveError('FOREIGN_FILE', `the cursor ${name} is one of another store`)
  return state
}

/** Puts a cursor's file in its place, in one step; it is durable when it resolves. `checkAlive` throws where nothing may be written any more. */
export async function writeCursor(backend: FileBackend, name: string, state: CursorState, checkAlive: () => void): Promise<void> {
  const temporary = temporaryCursorFile(name)
  try {
    checkAlive()
    await writeReplacement(backend, temporary, once(encodeCursor(name, state)))
    checkAlive()
    await backend.replace(temporary, cursorFile(name))
  } catch (error) {
    throw backendFailure(`write the cursor ${name}`, error)
  }
}

export async function deleteCursor(backend: FileBackend, name: string): Promise<void> {
  await removeIfThere(backend, cursorFile(name)).catch((error: unknown) => {
    throw backendFailure(`remove the cursor ${name}`, error)
  })
}

/** At most one byte more than a cursor has: what is longer is none, unless by zeros, which a medium that takes space ahead may leave behind it in a power loss. */
async function bytesOf(backend: FileBackend, name: string): Promise<Uint8Array | undefined> {
  const file = await backend.open(cursorFile(name)).catch((error: unknown) => {
    if (isBackendError(error, 'NOT_FOUND')) return undefined
    throw error
  })
  if (!file) return undefined
  try {
    const bytes = new Uint8Array(CURSOR_BYTES + 1)
    const read = await readBytes(file, bytes, 0)
    return bytes.subarray(0, bytes[CURSOR_BYTES] === 0 ? Math.min(read, CURSOR_BYTES) : read)
  } finally {
    await file.close()
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
