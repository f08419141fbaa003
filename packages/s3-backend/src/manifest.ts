import { BackendError } from '@varve/backend'

/** A stretch of a file's bytes, laid down as objects under one path, each named by its position. */
export interface Run {
  /** File name and run, as in the keys. No two writers ever use the same. */
  readonly path: string
  readonly start: number
  /** Where it ends; undefined while its writer extends it: then it ends where its objects do. */
  readonly end?: number
  /** The session that may extend it, where it is open. */
  readonly writer?: string
}

export interface FileEntry {
  /** What makes it this file, whatever its name. */
  readonly id: string
  /** In order, without gaps, the first from 0 on. Only the last may be open. */
  readonly runs: readonly Run[]
  /** It may be made of more objects than it should be. */
  readonly loose?: true
}

interface Holder {
  readonly session: string
  readonly description: string
}

/** What files there are, at one moment. Every change of a name or of a file's make-up is a new manifest, which is put only if its sequence is free. */
export interface Manifest {
  readonly sequence: number
  /** Counts the times that the lock was taken. */
  readonly epoch: number
  readonly holder?: Holder
  readonly files: ReadonlyMap<string, FileEntry>
  /** Names whose folder may hold objects that no run has any more. */
  readonly trash: ReadonlySet<string>
  /** Who made the latest manifests: by that a writer knows whether its own was taken in. */
  readonly recent: readonly string[]
}

export const EMPTY: Manifest = { sequence: 0, epoch: 0, files: new Map(), trash: new Set(), recent: [] }

const FORMAT = 1

export function encodeManifest({ files, trash, ...rest }: Manifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ varve: FORMAT, ...rest, files: [...files], trash: [...trash] }))
}

/** `UNSUPPORTED` for one of a newer version, `IO` for what is no manifest. */
export function decodeManifest(bytes: Uint8Array, where: string): Manifest {
  try {
    const { varve, files, trash, ...rest } = JSON.parse(new TextDecoder().decode(bytes))
    if (varve > FORMAT) throw new BackendError('UNSUPPORTED', `${where} was written by a newer version of this backend`)
    if (varve !== FORMAT || !Number.isSafeInteger(rest.sequence) || !Number.isSafeInteger(rest.epoch)) throw new Error('fields are missing')
    return { ...rest, files: new Map(files), trash: new Set(trash) }
  } catch (error) {
    if (BackendError.is(error)) throw error
    throw new BackendError('IO', `${where} is no manifest: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

export interface NamedEntry {
  readonly name: string
  readonly entry: FileEntry
}

const byId = new WeakMap<ReadonlyMap<string, FileEntry>, Map<string, NamedEntry>>()

/** The file that this is, under whatever name. */
export function fileOf({ files }: Manifest, id: string): NamedEntry | undefined {
  let found = byId.get(files)
  if (!found) {
    found = new Map([...files].map(([name, entry]) => [entry.id, { name, entry }]))
    byId.set(files, found)
  }
  return found.get(id)
}

export function withFile(manifest: Manifest, name: string, entry: FileEntry): Manifest {
  return { ...manifest, files: new Map(manifest.files).set(name, entry) }
}

export function withoutFile(manifest: Manifest, name: string): Manifest {
  const files = new Map(manifest.files)
  files.delete(name)
  return { ...manifest, files }
}

/** Marks the folders of these runs as having something to clean up. */
export function withTrash(manifest: Manifest, runs: readonly Run[]): Manifest {
  if (runs.length === 0) return manifest
  return { ...manifest, trash: new Set([...manifest.trash, ...runs.map(folderOf)]) }
}

function folderOf({ path }: Run): string {
  return path.slice(0, path.indexOf('/'))
}

/** The same runs up to `size`, none of them open. */
export function cutRuns(runs: readonly Run[], size: number): Run[] {
  return runs
    .filter(({ start, end }) => start < size && end !== start)
    .map(({ path, start, end }) => ({ path, start, end: Math.min(end ?? size, size) }))
}

/** Ends these open runs there; what lies behind is to be cleaned up. */
export function closeRuns(current: Manifest, ends: ReadonlyMap<string, number>): Manifest {
  const files = new Map(current.files)
  const trash = new Set(current.trash)
  for (const [name, entry] of files) {
    const run = entry.runs[entry.runs.length - 1]
    const end = run && run.end === undefined ? ends.get(run.path) : undefined
    if (run === undefined || end === undefined) continue
    const closed = end === run.start ? [] : [{ path: run.path, start: run.start, end }]
    files.set(name, { ...entry, runs: [...entry.runs.slice(0, -1), ...closed] })
    trash.add(folderOf(run))
  }
  return { ...current, files, trash }
}

/** The same runs with the bytes from `start` to `end` in another one. */
export function replaceRange(runs: readonly Run[], { path, start, end }: { path: string; start: number; end: number }): Run[] {
  const before = cutRuns(runs, start)
  const behind = runs
    .filter((run) => (run.end ?? Number.POSITIVE_INFINITY) > end)
    .map((run) => (run.start < end ? { ...run, start: end } : run))
  return [...before, { path, start, end }, ...behind]
}

export function sameRuns(a: readonly Run[], b: readonly Run[]): boolean {
  return (
    a.length === b.length &&
    a.every((run, n) => run.path === b[n]?.path && run.start === b[n].start && run.end === b[n].end && run.writer === b[n].writer)
  )
}

/** Whether a run of any file holds the object at that position of that path. */
export function liveParts(manifest: Manifest): (path: string, position: number, size: number) => boolean {
  const runs = new Map<string, Run[]>()
  for (const entry of manifest.files.values())
    for (const run of entry.runs) {
      const same = runs.get(run.path)
      if (same) same.push(run)
      else runs.set(run.path, [run])
    }
  return (path, position, size) =>
    runs.get(path)?.some(({ start, end }) => position + size > start && (end === undefined || position < end)) ?? false
}
