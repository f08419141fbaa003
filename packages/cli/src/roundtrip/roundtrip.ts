import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { formatLocation, MiB, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { CommandError, ExitCode } from '../exit-code.js'
import { stoppingAfter } from '../store/with-store.js'
import { logEvents } from '../terminal/event-log.js'
import { startProgress } from '../terminal/progress.js'
import { countOf, formatBytes, megabytesPerSecond } from '../terminal/quantities.js'
import type { Terminal } from '../terminal/terminal.js'
import { type FoundFile, type FoundFiles, findFiles, type Skipped } from './find-files.js'
import { addFiles, commitFiles, type LaidDown } from './lay-down.js'
import { readBack } from './read-back.js'

export interface RoundtripOptions {
  readonly directory: string
  /** Where the store is, or is to be; it is kept. Without it: a temporary directory. */
  readonly store?: string | undefined
  /** Keep the temporary directory too. */
  readonly keep: boolean
  /** Default: a store on real files. */
  readonly createStore?: CreateStore
}

interface Context extends Terminal {
  readonly signal: AbortSignal
}

/** Makes the store at a path, not yet started. */
type CreateStore = (path: string) => Varve

/** What one way took; reading and hashing the files, or hashing the items, is in it. */
export interface Leg {
  readonly items: number
  readonly bytes: number
  readonly ms: number
  readonly megabytesPerSecond: number
}

export interface RoundtripReport {
  readonly directory: string
  /** Where the store is; absent where it was removed. */
  readonly store?: string
  readonly items: number
  readonly bytes: number
  readonly skipped: Skipped
  readonly added: Leg
  readonly committed: Leg
  readonly readBack: Leg
  /** How long the store took to start again. */
  readonly openMs: number
  /** Data files of the store, and their bytes. */
  readonly files: number
  readonly storeBytes: number
  readonly flushes: number
  readonly syncs: number
  /** Some of the items, from the first to the last. */
  readonly examples: readonly { readonly location: string; readonly path: string; readonly sha256: string }[]
}

const MAX_FILE_SIZE = 128 * MiB
const EXAMPLES = 5

/** Takes every file of a directory through a store and back; rejects where one does not come back as it was. */
export async function roundtrip(options: RoundtripOptions, context: Context): Promise<RoundtripReport> {
  const directory = resolve(options.directory)
  await checkDirectory(directory)
  const path = options.store === undefined ? await mkdtemp(join(tmpdir(), 'varve-roundtrip-')) : resolve(options.store)
  const temporary = options.store === undefined && !options.keep
  try {
    const report = await thereAndBack(directory, path, options.createStore ?? createStore, context)
    return temporary ? report : { ...report, store: path }
  } finally {
    if (temporary) await rm(path, { recursive: true, force: true })
  }
}

async function thereAndBack(directory: string, path: string, create: CreateStore, context: Context): Promise<RoundtripReport> {
  const { err, signal } = context
  const { files, bytes, skipped } = await findFiles(directory, { except: path, maxSize: MAX_FILE_SIZE, signal })
  if (files.length === 0) throw new CommandError(ExitCode.failed, `${directory} holds no file to add`)
  err.write(`${countOf(files.length, 'file')}, ${formatBytes(bytes)} under ${directory}, to a store in ${path}\n`)
  const there = await layDown(create(path), { files, bytes, skipped }, context)
  const items = [...there.added.result, ...there.committed.result]
  const back = await comeBack(create(path), items, context)
  return {
    directory,
    items: items.length,
    bytes: sizeOf(items),
    skipped,
    added: leg(there.added.result, there.added.ms),
    committed: leg(there.committed.result, there.committed.ms),
    readBack: leg(items, back.readMs),
    openMs: back.startMs,
    ...there.stats,
    examples: spread(items, EXAMPLES).map(({ path, location, sha256 }) => ({ location: formatLocation(location), path, sha256 })),
  }
}

async function layDown(store: Varve, { files, bytes, skipped }: FoundFiles, { err, signal }: Context) {
  const { singly, together } = split(files)
  const progress = startProgress(err, 'write', bytes)
  const log = logEvents(store, (line) => progress.log(line))
  const options = { progress, skipped, signal }
  try {
    await store.start()
    return await stoppingAfter(store, async () => {
      const added = await timed(async () => {
        const items = await addFiles(store, singly, options)
        await store.flush()
        return items
      })
      const committed = await timed(() => commitFiles(store, together, options))
      log.tell('commit', `${countOf(committed.result.length, 'item')}, ${formatBytes(sizeOf(committed.result))} as one transaction`)
      const stats = await store.stats()
      return { added, committed, stats: { files: stats.files, storeBytes: stats.bytes, flushes: stats.flushes, syncs: stats.syncs } }
    })
  } finally {
    log.end()
    progress.stop()
  }
}

async function comeBack(store: Varve, items: readonly LaidDown[], { err, signal }: Context) {
  const progress = startProgress(err, 'read ', sizeOf(items))
  const log = logEvents(store, (line) => progress.log(line))
  try {
    const { ms: startMs } = await timed(() => store.start())
    const { ms: readMs } = await stoppingAfter(store, () => timed(() => readBack(store, items, { progress, signal })))
    return { startMs, readMs }
  } finally {
    log.end()
    progress.stop()
  }
}

const TOGETHER_FILES = 100
const TOGETHER_BYTES = 16 * MiB

/** The last files are committed together: a hundred or half of them, 16 MiB at most. */
function split(files: readonly FoundFile[]): { singly: readonly FoundFile[]; together: readonly FoundFile[] } {
  const least = files.length - Math.min(TOGETHER_FILES, Math.ceil(files.length / 2))
  let from = files.length
  let bytes = 0
  while (from > least && bytes + files[from - 1]!.size <= TOGETHER_BYTES) bytes += files[--from]!.size
  return { singly: files.slice(0, from), together: files.slice(from) }
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((cause: unknown) => {
    throw new CommandError(ExitCode.notFound, `there is no directory ${directory}`, { cause })
  })
  if (!found.isDirectory()) throw new CommandError(ExitCode.usage, `${directory} is not a directory`)
}

function createStore(path: string): Varve {
  return new Varve(fsBackend(path), { maxFileSize: MAX_FILE_SIZE })
}

interface Timed<T> {
  readonly result: T
  readonly ms: number
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const start = performance.now()
  return { result: await work(), ms: performance.now() - start }
}

function sizeOf(items: readonly LaidDown[]): number {
  return items.reduce((sum, { location }) => sum + location.size, 0)
}

function leg(items: readonly LaidDown[], ms: number): Leg {
  const bytes = sizeOf(items)
  return { items: items.length, bytes, ms, megabytesPerSecond: megabytesPerSecond(bytes, ms) }
}

/** `count` of the elements, the first and the last among them, at even distances. */
function spread<T>(elements: readonly T[], count: number): T[] {
  if (elements.length <= count) return [...elements]
  return Array.from({ length: count }, (_, n) => elements[Math.round((n * (elements.length - 1)) / (count - 1))]!)
}
