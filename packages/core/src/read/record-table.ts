import { addToDigest, RECORD_HEADER_BYTES, storedChecksum } from '../format/record.js'
import { loadRecordHeader, type PlacedBlock, recordSizeAt } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import type { FileWindow } from './file-window.js'
import type { ScannedLocation } from './scan-options.js'

/** The headers of a block's records, in order, checked against the block's digest; the payloads were not looked at. */
export interface RecordTable {
  readonly positions: readonly number[]
  readonly sizes: readonly number[]
  readonly crcs: readonly number[]
  /** Which of them a repair put there in place of lost ones. */
  readonly lost?: ReadonlySet<number>
}

/** Reads only the records' headers; undefined where they are not what the block's header says. */
export async function readRecordTable(window: FileWindow, block: PlacedBlock, storeSeed: number): Promise<RecordTable | undefined> {
  const positions: number[] = []
  const sizes: number[] = []
  const crcs: number[] = []
  let position = block.start
  while (position < block.end) {
    if (!(await loadRecordHeader(window, position, block.end))) return undefined
    const size = recordSizeAt(window, position, block.end)
    if (size === undefined) return undefined
    positions.push(position)
    sizes.push(size)
    crcs.push(storedChecksum(window.bytes, window.offset(position)))
    position += RECORD_HEADER_BYTES + size
  }
  const table = { positions, sizes, crcs }
  const { count, digest } = block.header
  if (positions.length !== count || digestOf(table, 0, count, storeSeed) !== digest) return undefined
  return block.header.losses ? { ...table, lost: await findLost(window, block, storeSeed) } : table
}

/** Which records of the block are lost ones, which only their payload tells. */
async function findLost(window: FileWindow, block: PlacedBlock, storeSeed: number): Promise<ReadonlySet<number>> {
  const lost = new Set<number>()
  let n = 0
  await isBlockValid(window, block, storeSeed, ({ state }) => {
    if (state === 'lost') lost.add(n)
    n++
  })
  return lost
}

/** The digest of a block that holds the records from `from` to before `to`. */
export function digestOf({ sizes, crcs }: RecordTable, from: number, to: number, storeSeed: number): number {
  let digest = storeSeed
  for (let n = from; n < to; n++) digest = addToDigest(digest, sizes[n] as number, crcs[n] as number)
  return digest
}

/** The items of a block from record `first` to before record `last`, by what its table says. */
export function locationsOf({ index, header }: PlacedBlock, table: RecordTable, first = 0, last = header.count): ScannedLocation[] {
  const { sequence, timestamp } = header
  const items: ScannedLocation[] = []
  for (let n = first; n < last; n++) {
    if (table.lost?.has(n)) continue
    items.push({
      location: { index, position: table.positions[n] as number, size: table.sizes[n] as number },
      sequence: sequence + n,
      timestamp,
    })
  }
  return items
}
