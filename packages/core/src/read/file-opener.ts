import { BackendError, type BackendFile, type FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { FILE_HEADER_BYTES, type FileHeader } from '../format/file-header.js'
import type { FileNaming } from '../format/file-name.js'
import { MiB } from '../options.js'
import { FileWindow } from './file-window.js'
import { run, runSync } from './loads.js'
import { checkFileHeader, OpenFile, type StoreIdentity } from './open-file.js'
import { readBytesSync, sizeSync } from './read-bytes.js'
import { readHead } from './read-head.js'
import { type RescuedHeader, rescueHeader, untrimmed } from './rescue-header.js'
import { isBroken, isUnused, isUnusedSync } from './unused-file.js'

// A file that had no header when it was opened may have got one since, or have been made anew. What is damaged is so at the third look too.
const LOOKS = 3

export interface FileOpenerParts {
  readonly backend: FileBackend
  readonly naming: FileNaming
  readonly identity: StoreIdentity
  readonly isBesideWriter: boolean
}

/** Opens data files of a store, and holds their headers against it. */
export class FileOpener {
  readonly #backend: FileBackend
  readonly #naming: FileNaming
  readonly #identity: StoreIdentity
  /** The writer is elsewhere, and may have crashed: its newest file may be there without its header. */
  readonly #isBesideWriter: boolean

  constructor({ backend, naming, identity, isBesideWriter }: FileOpenerParts) {
    this.#backend = backend
    this.#naming = naming
    this.#identity = identity
    this.#isBesideWriter = isBesideWriter
  }

  get canOpenSync(): boolean {
    return this.#backend.openSync !== undefined
  }

  /** Opens the file and finds out what it is. `NOT_FOUND` of the backend where there is none, or one that was never used. */
  async open(index: number, looks = LOOKS): Promise<OpenFile> {
    const name = this.#naming.dataFile(index)
    const file = await this.#backend.open(name)
    try {
      const head = await readHead(file)
      const mayChange = this.#isBesideWriter && isBroken(head)
      if (mayChange && (await isUnused(file, head)) && !(await this.exists(index + 1))) throw neverUsed(name)
      if (!mayChange || looks === 1) {
        const size = await file.size()
        return await this.#identify(name, file, head, index, size)
      }
    } catch (error) {
      await file.close().catch(() => undefined)
      throw error
    }
    await file.close().catch(() => undefined)
    return this.open(index, looks - 1)
  }

  /** The same at once; only where {@link canOpenSync}. */
  openSync(index: number, looks = LOOKS): OpenFile {
    const name = this.#naming.dataFile(index)
    const file = this.#backend.openSync!(name)
    try {
      const bytes = new Uint8Array(FILE_HEADER_BYTES)
      const head = bytes.subarray(0, readBytesSync(file, bytes, 0))
      const mayChange = this.#isBesideWriter && isBroken(head)
      if (mayChange && isUnusedSync(file) && !this.existsSync(index + 1)) throw neverUsed(name)
      if (!mayChange || looks === 1) return this.#identifySync(name, file, head, index, sizeSync(file))
    } catch (error) {
      void file.close().catch(() => undefined)
      throw error
    }
    void file.close().catch(() => undefined)
    return this.openSync(index, looks - 1)
  }

  /** Whether the file is there now, whatever is open. */
  async exists(index: number): Promise<boolean> {
    const name = this.#naming.dataFile(index)
    try {
      const file = await this.#backend.open(name)
      await file.close().catch(() => undefined)
      return true
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return false
      throw backendFailure(`open ${name}`, error)
    }
  }

  /** The same at once; only where {@link canReadSync}. */
  existsSync(index: number): boolean {
    const name = this.#naming.dataFile(index)
    try {
      const file = this.#backend.openSync?.(name)
      void file?.close().catch(() => undefined)
      return file !== undefined
    } catch (error) {
      if (isBackendError(error, 'NOT_FOUND')) return false
      throw backendFailure(`open ${name}`, error)
    }
  }

  /** How many bytes a file has that can't be used; 0 where even that can't be told. */
  async sizeOfUnusable(index: number): Promise<number> {
    try {
      const file = await this.#backend.open(this.#naming.dataFile(index))
      return await file.size().finally(() => file.close())
    } catch {
      return 0
    }
  }

  async #identify(name: string, file: BackendFile, head: Uint8Array, index: number, size: number): Promise<OpenFile> {
    const { header, fault } = this.#checked(name, head, index)
    if (header) return new OpenFile(name, file, header, size)
    const window = new FileWindow(new OpenFile(name, file, untrimmed(index, this.#identity), size), MiB)
    return rescued(window, await run(window, rescueHeader(window, head, this.#identity)), fault)
  }

  #identifySync(name: string, file: BackendFile, head: Uint8Array, index: number, size: number): OpenFile {
    const { header, fault } = this.#checked(name, head, index)
    if (header) return new OpenFile(name, file, header, size)
    const window = new FileWindow(new OpenFile(name, file, untrimmed(index, this.#identity), size), MiB)
    return rescued(window, runSync(window, rescueHeader(window, head, this.#identity)), fault)
  }

  /** The header, or why it is damaged. Throws where the file is another one. */
  #checked(
    name: string,
    bytes: Uint8Array,
    index: number,
  ): { header: FileHeader; fault?: undefined } | { header?: undefined; fault: VarveError } {
    try {
      return { header: checkFileHeader(name, bytes, index, this.#identity.genesis, this.#identity.storeId) }
    } catch (error) {
      if (!VarveError.is(error) || error.code !== 'CORRUPT') throw error
      return { fault: error }
    }
  }
}

/** A writer that has just created its next file, or crashed over it, has stored nothing there. */
function neverUsed(name: string): BackendError {
  return new BackendError('NOT_FOUND', `${name} was never used`)
}

function rescued({ open }: FileWindow, found: RescuedHeader | undefined, fault: VarveError): OpenFile {
  if (!found) throw fault
  const { header, isSequenceKnown } = found
  return new OpenFile(open.name, open.file, header, open.physical(open.end), { fault, isSequenceKnown })
}
