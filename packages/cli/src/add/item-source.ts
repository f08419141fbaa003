import { createReadStream, fstat } from 'node:fs'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Context, Input } from '../context.js'
import { CommandError, ExitCode } from '../exit-code.js'
import { readInput } from '../terminal/read-input.js'
import { splitItems } from './split-items.js'

/** Where items come from: a file, or standard input. */
export interface ItemSource {
  /** The file's path, or `-`. */
  readonly name: string
  /** In bytes, where that is known. */
  readonly size: number | undefined
  open(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** An item that is to be added. */
export interface NewItem {
  readonly data: Uint8Array
  /** The name of its source, and where that holds many: its number in it, from 1. */
  readonly source: string
  readonly number?: number
}

/** Finds the files, all of them before anything is added; without any, standard input. `-` is that too. */
export async function findSources(paths: readonly string[], context: Pick<Context, 'in'>): Promise<ItemSource[]> {
  if (paths.length === 0) return [await standardInput(context)]
  return Promise.all(paths.map((path) => (path === '-' ? standardInput(context) : fileSource(path))))
}

/** All items of the sources, in order. Each source is one, or with a separator many; empty ones are left out of many, and told at the end. */
export async function* readItems(
  sources: readonly ItemSource[],
  { separator, signal, onEmpty }: { readonly separator: number | undefined; readonly signal: AbortSignal; readonly onEmpty: () => void },
): AsyncGenerator<NewItem, void, undefined> {
  for (const source of sources) {
    const chunks = source.open(signal)
    if (separator === undefined) {
      yield { data: await whole(chunks), source: source.name }
      continue
    }
    let number = 0
    for await (const data of splitItems(chunks, separator)) {
      number++
      if (data.length > 0) yield { data, source: source.name, number }
      else onEmpty()
    }
  }
}

async function fileSource(path: string): Promise<ItemSource> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw new CommandError(ExitCode.notFound, `there is no file ${path}; nothing was added`, { cause })
    throw new CommandError(ExitCode.failed, `${path} can't be read: ${cause.message}; nothing was added`, { cause })
  })
  if (found.isDirectory()) throw new CommandError(ExitCode.usage, `${path} is a directory, not a file; nothing was added`)
  const size = found.isFile() ? found.size : undefined
  if (size === 0) throw new CommandError(ExitCode.failed, `${path} is empty, and an item has at least one byte; nothing was added`)
  return { name: path, size, open: (signal) => readInput(createReadStream(path, { highWaterMark: CHUNK }), signal) }
}

const CHUNK = 256 * 1024

async function standardInput(context: Pick<Context, 'in'>): Promise<ItemSource> {
  return { name: '-', size: await sizeOf(context.in), open: (signal) => readInput(context.in, signal) }
}

const statOf = promisify(fstat)

/** `varve add STORE < FILE` */
async function sizeOf({ fd }: Input): Promise<number | undefined> {
  if (fd === undefined) return undefined
  // Not fstatSync: Node's realpathSync, and so its import, takes what it last said of a pipe for what it is looking at.
  const found = await statOf(fd)
  return found.isFile() ? found.size : undefined
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const chunk of chunks) pieces.push(chunk)
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces)
}
