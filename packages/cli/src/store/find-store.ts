import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { VarveOptions } from '@varve/core'
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader, parseDataFileName } from '@varve/core/format'
import { CommandError, ExitCode } from '../exit-code.js'

/** A data file by its name. */
export interface DataFile {
  readonly name: string
  readonly path: string
  readonly index: number
}

/** A store as its directory shows it. */
export interface FoundStore {
  readonly path: string
  /** What it has to be opened with. */
  readonly options: Required<Pick<VarveOptions, 'filePrefix' | 'filePadding'>> & Pick<VarveOptions, 'genesisBytes'>
  /** In the order of their indexes. */
  readonly files: readonly DataFile[]
  /** The first file header that is intact. */
  readonly header: FileHeader | undefined
}

// Where that many headers in a row are damaged, the next one will hardly be better.
const MOST_HEADERS = 16

/** Finds out how the store in a directory is named and marked, so that nobody has to say it; undefined where there is none. Nothing of it is locked or changed. */
export async function findStore(path: string): Promise<FoundStore | undefined> {
  const names = await namesIn(path)
  const parsed = names.flatMap((name) => parseDataFileName(name) ?? [])
  const [first] = parsed
  if (!first) return undefined
  // With files of another name among them the store itself says what is wrong.
  const files = parsed
    .filter(({ prefix, padding }) => prefix === first.prefix && padding === first.padding)
    .map(({ name, index }) => ({ name, index, path: join(path, name) }))
    .sort((a, b) => a.index - b.index)
  const header = await firstHeader(files)
  const genesis = header && { genesisBytes: header.genesis }
  return { path, options: { filePrefix: first.prefix, filePadding: first.padding, ...genesis }, files, header }
}

/** The same; an error where there is none. */
export async function requireStore(path: string): Promise<FoundStore> {
  const found = await findStore(path)
  if (!found) throw new CommandError(ExitCode.notFound, `there is no store in ${path}; varve add ${path} FILE makes one`)
  return found
}

/** Bytes of all its data files. */
export async function sizeOfFiles({ files }: FoundStore): Promise<number> {
  const found = await Promise.all(files.map(({ path }) => stat(path).catch(() => undefined)))
  return found.reduce((sum, file) => sum + (file?.size ?? 0), 0)
}

async function namesIn(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new CommandError(ExitCode.failed, `${path} can't be looked at: ${error.message}`, { cause: error })
  })
  if (!found) return []
  if (!found.isDirectory())
    throw new CommandError(ExitCode.usage, `${path} is not a directory; a store is the directory that holds its data files`)
  return readdir(path).catch((cause: Error) => {
    throw new CommandError(ExitCode.failed, `${path} can't be read: ${cause.message}`, { cause })
  })
}

async function firstHeader(files: readonly DataFile[]): Promise<FileHeader | undefined> {
  for (const { path } of files.slice(0, MOST_HEADERS)) {
    const header = decodeFileHeader(await headOf(path))
    if (typeof header === 'object') return header
  }
  return undefined
}

async function headOf(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(FILE_HEADER_BYTES)
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return bytes
  const file = await open(path).catch(() => undefined)
  try {
    await file?.read(bytes, 0, FILE_HEADER_BYTES, 0)
  } catch {
    // What can't be read is told when the store is opened.
  } finally {
    await file?.close()
  }
  return bytes
}
