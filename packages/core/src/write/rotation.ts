import type { FileBackend } from '@varve/backend'
import type { FileSet } from '../read/file-set.js'
import { ActiveFile } from './active-file.js'
import type { RotateEntry } from './appender.js'
import { createDataFile } from './create-data-file.js'

/** The step from one data file to the next. Where a write is refused it goes on from there at the next try. */
export class Rotation {
  readonly #entry: RotateEntry
  readonly #from: ActiveFile

  constructor(entry: RotateEntry, from: ActiveFile) {
    this.#entry = entry
    this.#from = from
  }

  /** Closes the file, creates the next and opens it for writing. */
  async carryOn(backend: FileBackend, files: FileSet): Promise<ActiveFile> {
    const { from, sequence, group, timestamp } = this.#entry
    // The next file is created only after this one is closed and synced: so only the last file can be torn.
    if (!this.#from.endsInClose) await this.#from.close(sequence, timestamp, group !== undefined)
    this.#from.checkAlive()
    const index = from + 1
    const { identity, naming } = files
    const header = {
      genesis: identity.genesis,
      storeId: identity.storeId,
      index,
      trimOffset: 0,
      sequence,
      groupStart: group ?? { index, position: 0 },
      dropped: false,
    }
    const open = await createDataFile(backend, naming.dataFile(index), header)
    files.pin(open)
    return new ActiveFile(open, identity.storeSeed, { synced: 0, endsInClose: false })
  }
}
