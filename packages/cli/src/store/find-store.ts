import { readdir, stat } from 'node:fs/promises'
import type { FileBackend, VarveOptions } from '@varve/core'
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader, parseDataFileName } from '@varve/core/format'
import { CommandError, ExitCode } from '../exit-code.js'
import { placeOf, type StorePlace } from './store-place.js'

/** A data file by its name. */
export interface DataFile {
  readonly name: string
  readonly index: number
}

/** A store as its container shows it. */
export interface FoundStore extends StorePlace {
  /** What it has to be opened with. */
  readonly options: Required<Pick<VarveOptions, 'filePrefix' | 'filePadding'>> & Pick<VarveOptions, 'genesisBytes'>
  /** In the order of their indexes. */
  readonly files: readonly DataFile[]
  /** The first file header that is intact. */
  readonly header: FileHeader | undefined
}

// Where that many headers in a row are damaged, the next one will hardly be better.
const MOST_HEADERS = 16

/** Finds out how the store of that name is named and marked, so that nobody has to say it; undefined where there is none. Nothing of it is locked or changed. */
export async function findStore(where: string | StorePlace): Promise<FoundStore | undefined> {
  const place = typeof where === 'string' ? await placeOf(where) : where
  const names = await namesIn(place)
  const parsed = names.flatMap((name) => parseDataFileName(name) ?? [])
  const [first] = parsed
  if (!first) return undefined
  // With files of another name among them the store itself says what is wrong.
  const files = parsed
    .filter(({ prefix, padding }) => prefix === first.prefix && padding === first.padding)
    .map(({ name, index }) => ({ name, index }))
    .sort((a, b) => a.index - b.index)
  const header = await firstHeader(place.backend, files)
  const genesis = header && { genesisBytes: header.genesis }
  return { ...place, options: { filePrefix: first.prefix, filePadding: first.padding, ...genesis }, files, header }
}

/** The same; an error where there is none. */
export async function requireStore(where: string): Promise<FoundStore> {
  const found = await findStore(where)
  if (!found) throw new CommandError(ExitCode.notFound, `there is no store in ${where}; varve add ${where} FILE makes one`)
  return found
}

/** Bytes of all its data files. */
export async function sizeOfFiles({ files, backend }: FoundStore): Promise<number> {
  let bytes = 0
  for (const { name } of files) {
    const file = await backend.open(name).catch(() => undefined)
    bytes += (await file?.size().catch(() => 0)) ?? 0
    await file?.close()
  }
  return bytes
}

async function namesIn({ directory, backend, name }: StorePlace): Promise<readonly string[]> {
  const failed = (what: string) => (cause: Error) => {
    throw new CommandError(ExitCode.failed, `${name} can't be ${what}: ${cause.message}`, { cause })
  }
  if (directory === undefined) return backend.list().catch(failed('read'))
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : failed('looked at')(error),
  )
  if (!found) return []
  if (!found.isDirectory())
    throw new CommandError(ExitCode.usage, `${name} is not a directory; a store is the directory that holds its data files`)
  return readdir(directory).catch(failed('read'))
}

async function firstHeader(backend: FileBackend, files: readonly DataFile[]): Promise<FileHeader | undefined> {
  for (const { name } of files.slice(0, MOST_HEADERS)) {
    const header = decodeFileHeader(await headOf(backend, name))
    if (typeof header === 'object') return header
  }
  return undefined
}

async function headOf(backend: FileBackend, name: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(FILE_HEADER_BYTES)
  const file = await backend.open(name).catch(() => undefined)
  try {
    await file?.read(bytes, 0)
  } catch {
    // What can't be read is told when the store is opened.
  } finally {
    await file?.close()
  }
  return bytes
}
