import { platform } from '#platform'
import { backendFailure } from '../errors.js'
import { isRecordIntact, RECORD_HEADER_BYTES, readUint32 } from '../format/record.js'
import { checkLocation, compareLocations, type Location } from '../location.js'
import { KiB, MiB } from '../options.js'
import type { FileSet } from './file-set.js'
import { readBytes } from './read-bytes.js'
import { ELSEWHERE, type Reader } from './reader.js'

// A gap as small as this costs less to read over than another read.
const NEAR = 4 * KiB
const LARGEST_RUN = MiB

/** Reads items in the order given, those that lie next to each other in one read of the backend. */
export async function readMany(
  files: FileSet,
  reader: Reader,
  locations: readonly Location[],
  signal: AbortSignal | undefined,
): Promise<(Uint8Array | undefined)[]> {
  signal?.throwIfAborted()
  const items: (Uint8Array | undefined)[] = new Array(locations.length).fill(undefined)
  const elsewhere: number[] = []
  locations.forEach((location, n) => {
    checkLocation(location)
    const found = reader.fromMemory(location)
    if (found === ELSEWHERE) elsewhere.push(n)
    else items[n] = found
  })
  elsewhere.sort((a, b) => compareLocations(locations[a] as Location, locations[b] as Location))
  await Promise.all(
    runsOf(elsewhere, locations).map(async (run) => {
      const together = run.length > 1 ? await readRun(files, reader, run, locations, signal) : new Map<number, Uint8Array>()
      // What is not intact, or not there, is read alone: that way knows why.
      for (const n of run) items[n] = together.get(n) ?? (await reader.read(locations[n] as Location, signal))
    }),
  )
  return items
}

/** Groups what is sorted already into runs of neighbours. */
function runsOf(sorted: readonly number[], locations: readonly Location[]): number[][] {
  const runs: number[][] = []
  let start: Location | undefined
  let end = 0
  for (const n of sorted) {
    const location = locations[n] as Location
    const next = location.position + RECORD_HEADER_BYTES + location.size
    const isNear = start?.index === location.index && location.position <= end + NEAR && next - start.position <= LARGEST_RUN
    if (isNear) {
      runs[runs.length - 1]?.push(n)
      end = Math.max(end, next)
    } else {
      runs.push([n])
      start = location
      end = next
    }
  }
  return runs
}

async function readRun(
  files: FileSet,
  reader: Reader,
  run: readonly number[],
  locations: readonly Location[],
  signal: AbortSignal | undefined,
): Promise<Map<number, Uint8Array>> {
  const first = locations[run[0] as number] as Location
  const found = new Map<number, Uint8Array>()
  await reader.limited(signal, () =>
    files.with(first.index, async (open) => {
      const end = run.reduce((most, n) => Math.max(most, behind(locations[n] as Location)), 0)
      if (first.position < open.header.trimOffset || end > open.end) return
      const bytes = platform.allocateSlab(end - first.position)
      const read = await readBytes(open.file, bytes, open.physical(first.position)).catch((error: unknown) => {
        throw backendFailure(`read ${open.name} at position ${first.position}`, error)
      })
      for (const n of run) {
        const { position, size } = locations[n] as Location
        const at = position - first.position
        if (at + RECORD_HEADER_BYTES + size > read || readUint32(bytes, at) !== size) continue
        if (!isRecordIntact(bytes, at, size, files.identity.storeSeed)) continue
        const item = platform.allocateItem(size)
        item.set(bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + size))
        reader.counts.backend++
        found.set(n, item)
      }
    }),
  )
  return found
}

function behind({ position, size }: Location): number {
  return position + RECORD_HEADER_BYTES + size
}
