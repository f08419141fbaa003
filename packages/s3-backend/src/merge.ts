import type { Container } from './container.js'
import { type FileEntry, fileOf, type Run, replaceRange, sameRuns, withFile, withTrash } from './manifest.js'
import type { Slice } from './parts.js'

/** A part from this size on is left as it is. */
export const SMALL_PART = 8 * 1024 * 1024
const MERGED_PART = 32 * 1024 * 1024

/**
 * Copies small neighbouring parts of a file into larger objects, and then, by one manifest, makes them the file's. Until then
 * readers find the old ones, and they are deleted only afterwards; a reader that comes for one too late looks at the manifest again.
 * Resolves to where the file ended, or undefined where there was nothing to do since `mergedTo`.
 */
export async function merge(
  container: Container,
  id: string,
  mergedTo: number | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  const what = `${container.description}: merge`
  const name = fileOf(container.chain.current, id)?.name
  if (name === undefined) return undefined
  const parts = container.join(id)
  try {
    await parts.look(what)
    const { end } = parts
    if (end === mergedTo) return undefined
    const merged: Run[] = []
    const sources = parts.runs
    for (const group of groupsOf(parts.slices(0, end))) {
      const last = merged[merged.length - 1]
      const isNext = last?.end === group.start
      const path = isNext ? last.path : `${name}/${container.unique()}`
      await copy(container, group, path, signal)
      parts.author(path, group.start, group.end - group.start)
      if (isNext) merged[merged.length - 1] = { ...last, end: group.end }
      else merged.push({ path, start: group.start, end: group.end })
    }
    if (merged.length > 0) {
      await container.update(what, (current) => {
        const found = fileOf(current, id)
        if (!found || !merged.every((run) => sameRuns(within(found.entry.runs, run), within(sources, run)))) return undefined
        let { runs } = found.entry
        for (const { path, start, end: behind } of merged) runs = replaceRange(runs, { path, start, end: behind ?? start })
        const entry: FileEntry = { ...found.entry, runs }
        return withTrash(
          withFile(current, found.name, entry),
          sources.filter((run) => merged.some((one) => within([run], one).length > 0)),
        )
      })
      parts.follow()
    }
    return end
  } finally {
    container.leave(parts)
  }
}

interface Group {
  readonly slices: readonly Slice[]
  readonly start: number
  readonly end: number
}

/** Neighbours that are small and together not too large, two at least. */
function* groupsOf(slices: Iterable<Slice>): Generator<Group> {
  let group: Slice[] = []
  let bytes = 0
  const grouped = (): Group[] =>
    group.length < 2 ? [] : [{ slices: group, start: group[0]?.from ?? 0, end: group[group.length - 1]?.to ?? 0 }]
  for (const slice of slices) {
    const size = slice.to - slice.from
    const isSmall = size < SMALL_PART
    if (!isSmall || bytes + size > MERGED_PART) {
      yield* grouped()
      group = []
      bytes = 0
    }
    if (!isSmall) continue
    group.push(slice)
    bytes += size
  }
  yield* grouped()
}

async function copy({ reader, store, keys }: Container, { slices, start, end }: Group, path: string, signal: AbortSignal): Promise<void> {
  const bytes = new Uint8Array(end - start)
  await Promise.all(
    slices.map(async (slice) => {
      const part = await reader.read(slice, signal)
      if (!part) throw new Error(`${slice.key} is missing`)
      bytes.set(part, slice.from - start)
    }),
  )
  const key = keys.part(path, start)
  const token = `merge ${path}`
  const isOurs = (await store.putNew(key, bytes, token, signal)) || (await store.tokenOf(key)) === token
  if (!isOurs) throw new Error(`${key} is somebody else's`)
}

/** What these runs have between the ends of `range`. */
function within(runs: readonly Run[], { start, end = start }: Run): Run[] {
  return runs
    .filter((run) => run.start < end && (run.end ?? Number.POSITIVE_INFINITY) > start)
    .map((run) => ({ path: run.path, start: Math.max(run.start, start), end: Math.min(run.end ?? end, end) }))
}
