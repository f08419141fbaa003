import type { BackendFile, FileBackend } from '@varve/backend'
import { backendFailure, VarveError } from '../errors.js'
import { storeSeedOf } from '../format/checksum.js'
import { correctFileHeader, FILE_HEADER_BYTES, type FileHeader } from '../format/file-header.js'
import type { FileNaming } from '../format/file-name.js'
import { MiB } from '../options.js'
import { FileWindow } from '../read/file-window.js'
import { run } from '../read/loads.js'
import { checkFileHeader, OpenFile, type StoreIdentity } from '../read/open-file.js'
import { readHead } from '../read/read-head.js'
import { rescueHeader, untrimmed } from '../read/rescue-header.js'

/** Whether an error says that a file is damaged or not of this store, and no more. */
export function isOfAnother(error: unknown): error is VarveError {
  return VarveError.is(error) && ['CORRUPT', 'FOREIGN_FILE', 'GENESIS_MISMATCH', 'UNSUPPORTED'].includes(error.code)
}

interface Parts {
  readonly backend: FileBackend
  readonly naming: FileNaming
  readonly genesis: Uint8Array
}

/**
 * Which store the files are of, of which there is at least one, where they do not agree: that of most of them. `UNSUPPORTED_VERSION` where a newer version wrote any of them, `GENESIS_MISMATCH` where all are another
 * application's, `FOREIGN_FILE` where as many are of one store as of another, `CORRUPT` where no header can be made out.
 */
export async function findIdentity(indexes: readonly number[], parts: Parts): Promise<StoreIdentity> {
  const votes = new Map<string, { readonly storeId: Uint8Array; count: number }>()
  const faults = new Map<VarveError['code'], VarveError>()
  for (const index of indexes) {
    try {
      const { storeId } = await withHead(index, parts, (name, bytes) => checkFileHeader(name, bytes, index, parts.genesis))
      const vote = votes.get(String(storeId)) ?? { storeId, count: 0 }
      vote.count++
      votes.set(String(storeId), vote)
    } catch (error) {
      // What the medium refuses says nothing of the store, and a newer version's must not be taken for damaged.
      if (!isOfAnother(error)) throw error
      if (!faults.has(error.code)) faults.set(error.code, error)
    }
  }
  const [first, second] = [...votes.values()].sort((a, b) => b.count - a.count)
  if (first && first.count === second?.count) {
    const detail = `${first.count} files are of one store and ${second.count} of another: take away those that are not meant`
    throw new VarveError('FOREIGN_FILE', `open ${parts.backend.description}: ${detail}`)
  }
  if (first) return identityOf(first.storeId, parts.genesis)
  const fault = faults.get('GENESIS_MISMATCH') ?? faults.get('FOREIGN_FILE')
  const rescued = fault ? undefined : await rescueIdentity(indexes, parts)
  if (rescued) return rescued
  throw fault ?? [...faults.values()][0]
}

/** The store's id out of damaged headers: one that a single flipped bit explains, or one whose id a block of the same file proves. */
async function rescueIdentity(indexes: readonly number[], { backend, naming, genesis }: Parts): Promise<StoreIdentity | undefined> {
  for (const index of indexes) {
    const found = await withHead(index, { backend, naming, genesis }, async (name, bytes, file) => {
      const corrected = correctFileHeader(bytes)
      if (corrected?.index === index) return identityOf(corrected.storeId, genesis)
      if (bytes.length < FILE_HEADER_BYTES) return undefined
      const said = identityOf(bytes.slice(16, 32), genesis)
      const window = new FileWindow(new OpenFile(name, file, untrimmed(index, said), await file.size()), MiB)
      return (await run(window, rescueHeader(window, bytes, said))) && said
    })
    if (found) return found
  }
  return undefined
}

function identityOf(storeId: Uint8Array, genesis: Uint8Array): StoreIdentity {
  return { storeId, storeSeed: storeSeedOf(storeId), genesis }
}

/** The header of a file, checked; by name what is wrong with it. */
export function readFileHeader(index: number, parts: Parts, storeId?: Uint8Array): Promise<FileHeader> {
  return withHead(index, parts, (name, bytes) => checkFileHeader(name, bytes, index, parts.genesis, storeId))
}

async function withHead<T>(
  index: number,
  { backend, naming }: Parts,
  action: (name: string, bytes: Uint8Array, file: BackendFile) => T | Promise<T>,
): Promise<T> {
  const name = naming.dataFile(index)
  try {
    const file = await backend.open(name)
    try {
      return await action(name, await readHead(file), file)
    } finally {
      await file.close()
    }
  } catch (error) {
    throw backendFailure(`open ${name}`, error)
  }
}
