import type { BackendLock, FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import type { RecoveredCut } from '../events.js'
import { storeSeedOf } from '../format/checksum.js'
import { FILE_HEADER_BYTES, type FileHeader, STORE_ID_BYTES } from '../format/file-header.js'
import { FileNaming } from '../format/file-name.js'
import type { ResolvedOptions } from '../options.js'
import { FileSet } from '../read/file-set.js'
import { checkFileHeader, type OpenFile } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import { isUnused } from '../read/unused-file.js'
import { ActiveFile, WriteRefused } from '../write/active-file.js'
import { createDataFile } from '../write/create-data-file.js'
import { type RecoveredTail, recoverTail } from './recovery.js'
import { findIdentity, isOfAnother, readFileHeader } from './store-identity.js'
import { listBesideWriter, listStore } from './store-listing.js'

/** A store that is open for writing. */
export interface WritableStore {
  readonly lock: BackendLock
  readonly files: FileSet
  readonly active: ActiveFile
  readonly firstIndex: number
  /** The sequence of the next item. */
  readonly sequence: number
  readonly lastTime: number
  /** What had to be cut off. */
  readonly cut: readonly RecoveredCut[]
}

/** Takes the lock, recovers, and opens a store for writing; makes it where there is none. Gives the lock back where that fails. */
export async function openForWriting(backend: FileBackend, options: ResolvedOptions): Promise<WritableStore> {
  const naming = new FileNaming(options.filePrefix, options.filePadding)
  // Before the lock, which makes the container.
  if (!options.create && (await listStore(backend, naming)).indexes.length === 0) throw notFound(backend)
  const lock = await backend.lock().catch((error: unknown) => {
    throw backendFailure(`lock ${backend.description}`, error)
  })
  try {
    return { lock, ...(await openLocked(backend, naming, options)) }
  } catch (error) {
    await lock.release().catch(() => undefined)
    throw backendFailure(`open ${backend.description}`, error)
  }
}

async function openLocked(backend: FileBackend, naming: FileNaming, options: ResolvedOptions): Promise<Omit<WritableStore, 'lock'>> {
  const { genesisBytes: genesis, logger } = options
  const { indexes, temporaries, cuts } = await listStore(backend, naming)
  const tail = await recoverTail(indexes, { backend, naming, genesis, logger, cuts: [...cuts] })
  let open: OpenFile | undefined
  try {
    const { firstIndex, ...found } = tail ? await adopt(tail, indexes, backend, naming, genesis) : await create(backend, naming, options)
    const made = await writableTail(found, backend, naming)
    open = made.open
    // Only now: a store that can't be opened is left as it is.
    for (const name of temporaries) await backend.remove(name)
    const { storeId } = open.header
    const storeSeed = storeSeedOf(storeId)
    const files = new FileSet(backend, naming, { storeId, storeSeed, genesis }, { isBesideWriter: false })
    files.pin(open)
    const active = new ActiveFile(open, storeSeed, made)
    return { files, active, firstIndex, sequence: made.sequence, lastTime: made.lastTime, cut: made.cut }
  } catch (error) {
    await (open ?? tail?.open)?.file.close()
    throw error
  }
}

async function create(
  backend: FileBackend,
  naming: FileNaming,
  { create, genesisBytes }: ResolvedOptions,
): Promise<RecoveredTail & { firstIndex: number }> {
  if (!create) throw notFound(backend)
  const header: FileHeader = {
    genesis: genesisBytes,
    storeId: crypto.getRandomValues(new Uint8Array(STORE_ID_BYTES)),
    index: 0,
    trimOffset: 0,
    sequence: 0,
    groupStart: { index: 0, position: 0 },
    dropped: false,
  }
  try {
    const open = await createDataFile(backend, naming.dataFile(0), header)
    return { open, synced: 0, endsInClose: false, sequence: 0, lastTime: 0, cut: [], firstIndex: 0 }
  } catch (error) {
    throw error instanceof WriteRefused ? error.cause : error
  }
}

async function adopt(
  tail: RecoveredTail,
  indexes: readonly number[],
  backend: FileBackend,
  naming: FileNaming,
  genesis: Uint8Array,
): Promise<RecoveredTail & { firstIndex: number }> {
  const { index, storeId } = tail.open.header
  // Whatever the last session dropped, it saw to the end before it stopped.
  if (tail.endsInClose) return { ...tail, firstIndex: indexes[0] as number }
  for (const firstIndex of indexes) {
    if (firstIndex === index) break
    const header = await readHeader(backend, naming.dataFile(firstIndex), firstIndex, genesis, storeId)
    if (!header.dropped) return { ...tail, firstIndex }
    // A crash came between the drop of the file before it and its own removal.
    await backend.remove(naming.dataFile(firstIndex))
  }
  return { ...tail, firstIndex: index }
}

/**
 * What stands for a dropped or lost file is not added to: its positions were used. It is the last one only where the file behind it went missing, or was made in a repair that
 * was interrupted.
 */
async function writableTail(tail: RecoveredTail, backend: FileBackend, naming: FileNaming): Promise<RecoveredTail> {
  const { header, file } = tail.open
  if (!header.dropped && !header.lost) return tail
  const index = header.index + 1
  const name = naming.dataFile(index)
  if (index >= naming.maxFiles) throw new VarveError('FULL', `open: no file name is left behind ${naming.dataFile(header.index)}`)
  const { genesis, storeId } = header
  const groupStart = { index, position: 0 }
  try {
    const open = await createDataFile(backend, name, {
      genesis,
      storeId,
      index,
      trimOffset: 0,
      sequence: tail.sequence,
      groupStart,
      dropped: false,
    })
    await file.close()
    return { ...tail, open, synced: 0, endsInClose: false }
  } catch (error) {
    throw error instanceof WriteRefused ? error.cause : error
  }
}

/** A store that is open for reading beside a writer elsewhere. */
export interface ReadableStore {
  readonly files: FileSet
  readonly firstIndex: number
  readonly lastIndex: number
}

/** Opens a store without a lock and without changing anything. */
export async function openForReading(backend: FileBackend, options: ResolvedOptions): Promise<ReadableStore> {
  const naming = new FileNaming(options.filePrefix, options.filePadding)
  const { indexes, storeId } = await findStore(backend, naming, options.genesisBytes)
  const identity = { storeId, storeSeed: storeSeedOf(storeId), genesis: options.genesisBytes }
  const files = new FileSet(backend, naming, identity, { isBesideWriter: true })
  return { files, firstIndex: indexes[0] as number, lastIndex: indexes[indexes.length - 1] as number }
}

/** Its files and its id. Where all that were listed were dropped before they could be looked at, there are others by now. */
async function findStore(
  backend: FileBackend,
  naming: FileNaming,
  genesis: Uint8Array,
): Promise<{ readonly indexes: readonly number[]; readonly storeId: Uint8Array }> {
  for (let attempt = 1; ; attempt++) {
    const { indexes } = await listBesideWriter(backend, naming)
    try {
      const storeId = await findStoreId(backend, naming, genesis, indexes)
      if (!storeId) throw notFound(backend)
      return { indexes, storeId }
    } catch (error) {
      if (attempt === LOOKS || !isBackendError(VarveError.is(error) && error.cause, 'NOT_FOUND')) throw error
    }
  }
}

const LOOKS = 3

/** The id that the store's files agree on; where the first and the last one don't, or a header can't be read, that of most files. */
async function findStoreId(
  backend: FileBackend,
  naming: FileNaming,
  genesis: Uint8Array,
  indexes: readonly number[],
): Promise<Uint8Array | undefined> {
  if (indexes.length === 0 || (await isNeverUsed(backend, naming, indexes))) return undefined
  const parts = { backend, naming, genesis }
  try {
    const [first, last] = [indexes[0] as number, indexes[indexes.length - 1] as number]
    const { storeId } = await readFileHeader(last, parts)
    if (first !== last) await readFileHeader(first, parts, storeId)
    return storeId
  } catch (error) {
    if (!isOfAnother(error)) throw error
    return (await findIdentity(indexes, parts)).storeId
  }
}

/** Whether a writer crashed over the very first file. Another one that is left alone was not the first, and is damaged. */
async function isNeverUsed(backend: FileBackend, naming: FileNaming, indexes: readonly number[]): Promise<boolean> {
  if (indexes.length !== 1 || indexes[0] !== 0) return false
  const file = await backend.open(naming.dataFile(indexes[0] as number))
  try {
    const bytes = new Uint8Array(FILE_HEADER_BYTES)
    const read = await readBytes(file, bytes, 0)
    return await isUnused(file, bytes.subarray(0, read))
  } finally {
    await file.close()
  }
}

async function readHeader(
  backend: FileBackend,
  name: string,
  index: number,
  genesis: Uint8Array,
  storeId?: Uint8Array,
): Promise<FileHeader> {
  const file = await backend.open(name)
  try {
    const bytes = new Uint8Array(FILE_HEADER_BYTES)
    const read = await readBytes(file, bytes, 0)
    return checkFileHeader(name, bytes.subarray(0, read), index, genesis, storeId)
  } finally {
    await file.close()
  }
}

function notFound(backend: FileBackend): VarveError {
  return new VarveError('NOT_FOUND', `open ${backend.description}: there is no store`)
}
