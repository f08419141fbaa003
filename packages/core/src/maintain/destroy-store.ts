import type { FileBackend } from '@varve/backend'
import { backendFailure } from '../errors.js'
import { cursorFile, type FileNaming } from '../format/file-name.js'
import { listFiles } from './store-listing.js'

/** Removes every file of a stopped store, from the first on, so that what a crash leaves is a store still, and then the container, if nothing else is in it. */
export async function destroyStore(backend: FileBackend, naming: FileNaming): Promise<void> {
  try {
    const lock = await backend.lock()
    try {
      const { indexes, temporaries, cuts, quarantines, cursors } = await listFiles(backend, naming)
      const beside = [...temporaries, ...cuts, ...quarantines, ...cursors.map(cursorFile)]
      for (const name of [...beside, ...indexes.map((index) => naming.dataFile(index))]) await backend.remove(name)
    } finally {
      await lock.release()
    }
    await backend.destroy()
  } catch (error) {
    throw backendFailure(`destroy ${backend.description}`, error)
  }
}
