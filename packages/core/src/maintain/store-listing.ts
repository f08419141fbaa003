import type { FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { hasFileMagic } from '../format/file-header.js'
import { type FileNaming, looksLikeDataFile, parseCursorFile } from '../format/file-name.js'
import { readBytes } from '../read/read-bytes.js'

/** What a container holds of a store. */
export interface StoreListing {
  /** The indexes of the data files, ascending. */
  readonly indexes: readonly number[]
  /** Names of rewrites that were interrupted. */
  readonly temporaries: readonly string[]
  /** Names of what recovery cut off, oldest first. */
  readonly cuts: readonly string[]
  /** Names of what a repair set aside. */
  readonly quarantines: readonly string[]
  /** The names of cursors, not of their files. */
  readonly cursors: readonly string[]
}

export function notFound(backend: FileBackend): VarveError {
  return new VarveError('NOT_FOUND', `open ${backend.description}: there is no store`)
}

/** Lists the files of a store that is to be written to. `FILE_MISSING` where there is a gap, and else as {@link listFiles}. */
export async function listStore(backend: FileBackend, naming: FileNaming): Promise<StoreListing> {
  const listing = await listFiles(backend, naming)
  const missing = firstMissing(listing)
  if (missing === undefined) return listing
  throw new VarveError(
    'FILE_MISSING',
    `open ${backend.description}: ${naming.dataFile(missing)} is missing, though files before and after it are there`,
  )
}

function firstMissing({ indexes }: StoreListing): number | undefined {
  const gap = indexes.findIndex((index, n) => n > 0 && index !== (indexes[n - 1] as number) + 1)
  return gap > 0 ? (indexes[gap - 1] as number) + 1 : undefined
}

/** Lists a store's files, whether or not any is missing between them. `INVALID_OPTION` where a store with another prefix or padding is there. */
export async function listFiles(backend: FileBackend, naming: FileNaming): Promise<StoreListing> {
  const names = await backend.list().catch((error: unknown) => {
    throw backendFailure(`list ${backend.description}`, error)
  })
  const indexes: number[] = []
  const temporaries: string[] = []
  const cuts: { readonly name: string; readonly index: number; readonly position: number }[] = []
  const quarantines: string[] = []
  const others: string[] = []
  const cursors: string[] = []
  for (const name of names) {
    const index = naming.parseDataFile(name)
    const cut = naming.parseCut(name)
    const cursor = parseCursorFile(name)
    if (index !== undefined) indexes.push(index)
    else if (naming.isTemporary(name)) temporaries.push(name)
    else if (cut) cuts.push({ name, ...cut })
    else if (naming.isQuarantine(name)) quarantines.push(name)
    else if (cursor !== undefined) cursors.push(cursor)
    else if (looksLikeDataFile(name)) others.push(name)
  }
  indexes.sort((a, b) => a - b)
  cuts.sort((a, b) => a.index - b.index || a.position - b.position)
  await refuseOtherNaming(backend, naming, others)
  return { indexes, temporaries, cuts: cuts.map(({ name }) => name), quarantines, cursors: cursors.sort() }
}

/**
 * The same beside a writer, which may drop files while they are listed: a list that was half read then may name a file and not the one
 * behind it. What is missing each time is missing, and the rest can be read all the same.
 */
export async function listBesideWriter(backend: FileBackend, naming: FileNaming): Promise<StoreListing> {
  for (let attempt = 1; ; attempt++) {
    const listing = await listFiles(backend, naming)
    if (attempt === LISTING_ATTEMPTS || firstMissing(listing) === undefined) return listing
  }
}

const LISTING_ATTEMPTS = 3

// Opened with another prefix or padding a store would look empty, and a second one would begin beside it.
async function refuseOtherNaming(backend: FileBackend, naming: FileNaming, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (await isDataFile(backend, name)) {
      throw new VarveError(
        'INVALID_OPTION',
        `filePrefix is '${naming.prefix}' and filePadding ${naming.padding}, but ${backend.description} holds ${name}, a data file of a store with other ones`,
      )
    }
  }
}

async function isDataFile(backend: FileBackend, name: string): Promise<boolean> {
  try {
    const file = await backend.open(name)
    try {
      const bytes = new Uint8Array(8)
      return (await readBytes(file, bytes, 0)) === bytes.length && hasFileMagic(bytes)
    } finally {
      await file.close()
    }
  } catch (error) {
    // A directory or a file of somebody else's that happens to be named so is no store.
    if (isBackendError(error, 'TOO_MANY_OPEN') || isBackendError(error, 'IO')) throw backendFailure(`open ${name}`, error)
    return false
  }
}
