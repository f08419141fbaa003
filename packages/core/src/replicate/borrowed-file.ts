import { BackendError, type BackendFile } from '@varve/backend'
import type { FileSet } from '../read/file-set.js'
import { OpenFile } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import { FILE_CHANGED } from './replication-source.js'

/**
 * A data file of a running store, for one who takes long over it. It borrows the store's handle for each read alone, so that a trim, a drop or a stop waits
 * for a read and never for the destination. Undefined where there is no such file.
 */
export function borrowFile(files: FileSet, index: number): Promise<OpenFile | undefined> {
  return files.with(index, async (open) => {
    if (open.headerFault) throw open.headerFault
    const file = new BorrowedFile(files, index, open.physical(open.end))
    return new OpenFile(open.name, file, open.header, open.physical(open.end))
  })
}

class BorrowedFile implements BackendFile {
  readonly #files: FileSet
  readonly #index: number
  readonly #size: number
  readonly #generation: number

  constructor(files: FileSet, index: number, size: number) {
    this.#files = files
    this.#index = index
    this.#size = size
    this.#generation = files.generationOf(index)
  }

  async size(): Promise<number> {
    return this.#size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    const read = await this.#files.with(this.#index, async ({ file }) =>
      this.#files.generationOf(this.#index) === this.#generation ? readBytes(file, target, position) : undefined,
    )
    if (read === undefined) throw FILE_CHANGED
    return read
  }

  append(): Promise<void> {
    return this.#refuse()
  }

  truncate(): Promise<void> {
    return this.#refuse()
  }

  sync(): Promise<void> {
    return this.#refuse()
  }

  async close(): Promise<void> {}

  async #refuse(): Promise<never> {
    throw new BackendError('UNSUPPORTED', 'a borrowed file is only read')
  }
}
