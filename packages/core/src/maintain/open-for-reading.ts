import type { FileBackend } from '@varve/backend'
import { isBackendError, VarveError } from '../errors.js'
import { storeSeedOf } from '../format/checksum.js'
import { FileNaming } from '../format/file-name.js'
import type { ResolvedOptions } from '../options.js'
import { FileSet } from '../read/file-set.js'
import { readHead } from '../read/read-head.js'
import { isUnused } from '../read/unused-file.js'
import { findIdentity, isOfAnother, readFileHeader } from './store-identity.js'
import { listBesideWriter, notFound } from './store-listing.js'

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
    return await isUnused(file, await readHead(file))
  } finally {
    await file.close()
  }
}
