import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { LEAST_RECORD_BYTES, RECORD_HEADER_BYTES } from '../format/record.js'
import { type CheckedRecord, checkRecordAt } from './check-block.js'
import type { FileWindow } from './file-window.js'
import { RecordSearch } from './record-search.js'

/** Bytes in which records stood that can't be made out any more. Positions are logical. */
export interface LostRegion {
  readonly from: number
  readonly to: number
  /** How many records, and so sequences. */
  readonly count: number
  /** How many records of the area come before them, lost ones included. */
  readonly before: number
}

/** Where records stand, some of them damaged. */
export interface SalvageArea {
  /** The position of the first record. */
  readonly start: number
  /** Behind the last record. */
  readonly end: number
  /** Whether a record ends at `end`: not so where the file was cut off there. */
  readonly isWhole: boolean
  /** How many records there should be, where that is known. */
  readonly count: number | undefined
  /** No block header governs the bytes: damaged headers of further blocks may stand among the records. */
  readonly isGap: boolean
  /** Lost records of an earlier repair may be among them. */
  readonly hasLosses: boolean
}

export interface Salvaged {
  /** In order; what lies between them and around them is whole records. */
  readonly lost: readonly LostRegion[]
  /** Records, lost ones included. */
  readonly count: number
  /** Behind the last of them: before the area's end where the header of another block stood there, or where there were no more to find. */
  readonly end: number
  /** Records among them that an earlier repair put in place of lost ones. */
  readonly earlier: number
  /** Records that should be there and for which no bytes are left: where the file was cut off. */
  readonly missing: number
}

// Closing blocks that may stand one behind the other: each start and stop without an add leaves none, so more than a few are none.
const MOST_HEADERS = 4

/** Tells the intact records of an area from the lost ones. An intact one is proven by its own checksum, and by the place where it stands: behind another one, or at the start of a way that leads exactly to the area's end. */
export async function salvageRecords(window: FileWindow, area: SalvageArea, storeSeed: number): Promise<Salvaged> {
  const { start, end, count, isWhole, isGap, hasLosses } = area
  const search = new RecordSearch(window.open, end - start, storeSeed, hasLosses)
  const found: Region[] = []
  let good = 0
  let earlier = 0
  let position = start
  for (;;) {
    const most = count === undefined ? Number.MAX_SAFE_INTEGER : count - good - found.length
    if (position >= end || (isGap && most <= 0)) break
    const record = await checkRecordAt(window, position, end, storeSeed, hasLosses)
    if (record && record.state !== 'damaged') {
      good++
      if (record.state === 'lost') earlier++
      position = behind(record)
      continue
    }
    if (isGap && (await headersAt(search, position, end, isWhole && count === undefined)) > 0) break
    const next = await resume(search, position, record, { end, isWhole, most: most - 1 })
    // What is left of a file that was cut off may be too short for a record.
    if (!isWhole && next === end && end - position < LEAST_RECORD_BYTES) break
    found.push({ from: position, to: next, good })
    position = next
  }
  return { ...share(found, good, count), earlier, end: position }
}

function behind({ position, size }: CheckedRecord): number {
  return position + RECORD_HEADER_BYTES + size
}

/** Where the records go on behind a damaged one. */
async function resume(
  search: RecordSearch,
  position: number,
  record: CheckedRecord | undefined,
  area: { readonly end: number; readonly isWhole: boolean; readonly most: number },
): Promise<number> {
  const { end, most } = area
  if (most <= 0) return end
  if (record) {
    const next = behind(record)
    if (next < end && (await search.isIntact(next, end))) return next
  }
  return (await search.find(position + 1, area)) ?? end
}

/** How many damaged block headers stand at `position`, one behind the other, going by the intact record that follows them, or the end where they may reach it. */
export async function headersAt(search: RecordSearch, position: number, end: number, mayReachEnd: boolean): Promise<number> {
  for (let n = 1; n <= MOST_HEADERS; n++) {
    const next = position + n * BLOCK_HEADER_BYTES
    if (next > end) return 0
    if ((next === end && mayReachEnd) || (next < end && (await search.isIntact(next, end)))) return n
  }
  return 0
}

interface Region {
  readonly from: number
  readonly to: number
  /** Intact records before it. */
  readonly good: number
}

/** Shares out among the regions the records that are missing: at least one was in each, and no more than there is room for. */
function share(found: readonly Region[], good: number, count: number | undefined): Omit<Salvaged, 'end' | 'earlier'> {
  let missing = Math.max(0, (count ?? 0) - good - found.length)
  const counts = new Map<Region, number>()
  for (const region of [...found].sort((a, b) => b.to - b.from - (a.to - a.from))) {
    const more = Math.min(missing, Math.max(0, Math.floor((region.to - region.from) / LEAST_RECORD_BYTES) - 1))
    counts.set(region, 1 + more)
    missing -= more
  }
  let shared = 0
  const lost = found.map((region) => {
    const lost = { from: region.from, to: region.to, count: counts.get(region) as number, before: region.good + shared }
    shared += lost.count
    return lost
  })
  return { lost, count: good + shared, missing }
}
