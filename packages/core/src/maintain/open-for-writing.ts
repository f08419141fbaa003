import type { BackendLock, FileBackend } from '@varve/backend'
import { backendFailure, VarveError } from '../errors.js'
import type { RecoveredCut } from '../events.js'
import { storeSeedOf } from '../format/checksum.js'
import { type FileHeader, STORE_ID_BYTES } from '../format/file-header.js'
import { FileNaming } from '../format/file-name.js'
import type { ResolvedOptions } from '../options.js'
import { FileSet } from '../read/file-set.js'
import type { OpenFile } from '../read/open-file.js'
import { ActiveFile, WriteRefused } from '../write/active-file.js'
import { createDataFile } from '../write/create-data-file.js'
import { type RecoveredTail, recoverTail } from './recovery.js'
import { readFileHeader } from './store-identity.js'
import { listStore, notFound } from './store-listing.js'

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
    const header = await readFileHeader(firstIndex, { backend, naming, genesis }, storeId)
    if (!header.dropped) return { ...tail, firstIndex }
    // A crash came between the drop of the file before it and its own removal.
    await backend.remove(naming.dataFile(firstIndex))
  }
  return { ...tail, firstIndex: index }
}

/**
 * What stands for a dropped or lost file, or lost its end to a trim, is not added to: its positions were used. It is the last one only where the file behind it went missing, in a
 * copy that was broken off between the two, or in a repair that was interrupted.
 */
async function writableTail(tail: RecoveredTail, backend: FileBackend, naming: FileNaming): Promise<RecoveredTail> {
  const { header, file } = tail.open
  if (!header.dropped && !header.lost && !header.ended) return tail
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
