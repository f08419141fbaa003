import { hash } from 'node:crypto'
import { open, rename, rmdir } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Location, MiB, Varve, type VarveOptions } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { CommandError, ExitCode } from '../exit-code.js'
import { findStore } from '../store/find-store.js'
import { stoppingAfter } from '../store/with-store.js'
import type { AiodiskdbFiles } from './aiodiskdb-files.js'
import type { ListedItem } from './listed-item.js'

export interface ImportParts {
  readonly files: AiodiskdbFiles
  readonly items: readonly ListedItem[]
  readonly signal: AbortSignal
  /** Called with the length of each item that was read. */
  readonly onItem: (bytes: number) => void
}

/** A store that exists takes them in one transaction, which gathers in memory. */
const MOST_IN_MEMORY = 1024 * MiB

/** Adds the items to a store, all or none, and gives their new locations once they are durable. A new store gets its name when all are in it. */
export async function importItems(path: string, parts: ImportParts): Promise<Location[]> {
  const found = await findStore(path)
  return found ? intoStore(path, found.options, parts) : intoNewStore(path, parts)
}

async function intoStore(path: string, options: VarveOptions, parts: ImportParts): Promise<Location[]> {
  const bytes = parts.items.reduce((sum, { location }) => sum + location.size, 0)
  if (bytes > MOST_IN_MEMORY)
    throw new CommandError(
      ExitCode.usage,
      `into a store that exists at most ${MOST_IN_MEMORY / MiB} MiB are imported at once, as all or nothing; import into a new one`,
    )
  const overhead = parts.items.length * RECORD_BYTES
  const store = await Varve.open(fsBackend(path), { ...options, create: false, maxTransactionSize: Math.max(256 * MiB, bytes + overhead) })
  return stoppingAfter(store, async () => {
    const transaction = store.transaction()
    for await (const data of contents(parts)) transaction.add(data)
    return transaction.commit()
  })
}

// A record's own header, counted generously.
const RECORD_BYTES = 16

async function intoNewStore(path: string, parts: ImportParts): Promise<Location[]> {
  const target = resolve(path)
  const unfinished = `${target}.importing`
  // What an import left that was interrupted; refused where it is going on still.
  await new Varve(fsBackend(unfinished), { overwrite: true }).destroy()
  const store = await Varve.open(fsBackend(unfinished))
  try {
    const locations = await stoppingAfter(store, async () => {
      const added: Location[] = []
      for await (const data of contents(parts)) added.push(await store.add(data))
      return added
    })
    await takeName(unfinished, target)
    return locations
  } catch (error) {
    await new Varve(fsBackend(unfinished), { overwrite: true }).destroy().catch(() => undefined)
    throw error
  }
}

async function takeName(unfinished: string, target: string): Promise<void> {
  // Only an empty directory can be there: in any other there would be something that is not a store.
  await rmdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT')
      throw new CommandError(ExitCode.usage, `${target} is there and holds other things than a store; choose a directory that is new`, {
        cause: error,
      })
  })
  await rename(unfinished, target)
  if (process.platform === 'win32') return
  const parent = await open(dirname(target))
  try {
    await parent.sync()
  } finally {
    await parent.close()
  }
}

async function* contents({ files, items, signal, onItem }: ImportParts): AsyncGenerator<Uint8Array> {
  for (const { location, line, sha256 } of items) {
    signal.throwIfAborted()
    const data = await files.read(location)
    if (sha256 !== undefined && hash('sha256', data, 'hex') !== sha256)
      throw new CommandError(ExitCode.damage, `line ${line}: the bytes there have another SHA-256 than the list says; nothing was imported`)
    yield data
    onItem(data.length)
  }
}
