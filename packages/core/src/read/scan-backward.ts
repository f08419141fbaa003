import { backendFailure, VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import { MiB } from '../options.js'
import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import { decodeRecords } from './decode-records.js'
import { type Batch, FileScanner } from './file-scanner.js'
import { FileWindow } from './file-window.js'
import { findStart } from './find-start.js'
import type { OpenFile } from './open-file.js'
import { type RecordTable, readRecordTable } from './record-table.js'
import { refuseDamage } from './refuse-damage.js'
import { ScanBounds } from './scan-bounds.js'
import { scanForward } from './scan-forward.js'
import type { ScanOptions } from './scan-options.js'
import type { ScanSource } from './scan-source.js'

/** The items within the bounds, from the last to the first, a batch at a time. */
export async function* scanBackward(source: ScanSource, bounds: ScanBounds, options: ScanOptions, withData: boolean): AsyncGenerator<Batch, void, void> {
  const { shown } = source
  const end = options.buffered || source.isBesideWriter ? shown : source.frontier
  if (options.buffered) yield* fromMemory(source, bounds, options, withData)
  const first = await findStart(source, bounds)
  for (let index = source.isBesideWriter ? source.lastIndex : end.index; index >= first; index--) {
    options.signal?.throwIfAborted()
    const limit = index === end.index && !source.isBesideWriter ? end.position : Number.MAX_SAFE_INTEGER
    const positions = await blockPositions(source, index, bounds, limit)
    for (let n = positions.length - 1; n >= 0; n--) {
      options.signal?.throwIfAborted()
      yield* fromBlock(source, index, positions[n] as number, bounds, withData)
    }
  }
}

// What memory holds is little: it is gathered forwards and turned round.
async function* fromMemory(source: ScanSource, bounds: ScanBounds, options: ScanOptions, withData: boolean): AsyncGenerator<Batch, void, void> {
  const { index, position } = source.shown
  const items: Batch[number][] = []
  const from = { location: { index, position, size: 1 } }
  const { signal } = options
  for await (const batch of scanForward(source, new ScanBounds({ from, ...(options.to && { to: options.to }) }), { buffered: true, ...(signal && { signal }) }, withData)) {
    for (const item of batch) if (!bounds.isBelow({ ...item.location, ...item })) items.push(item)
  }
  if (items.length > 0) yield items.reverse()
}

/** Where the blocks stand that may hold items within the bounds, in order. Only their positions: a file may have very many. */
async function blockPositions(source: ScanSource, index: number, bounds: ScanBounds, limit: number): Promise<number[]> {
  const { files } = source
  const scanner = new FileScanner(index, { files, bounds, withData: false, isUnproven: () => source.isBesideWriter })
  const positions: number[] = []
  const step = await scanner.eachBlock(limit, ({ position }) => positions.push(position))
  if (step.kind === 'end' && !step.isEnd) await refuseDamage(source, index, step.position)
  if (step.kind === 'unfinished') await refuseDamage(source, step.place.index, step.place.position)
  return positions
}

async function* fromBlock(source: ScanSource, index: number, position: number, bounds: ScanBounds, withData: boolean): AsyncGenerator<Batch, void, void> {
  const { files } = source
  const { storeSeed } = files.identity
  const found = await files.with(index, async (open) => {
    const window = new FileWindow(open, HEADER_CHUNK)
    const block = await new BlockCursor(window, storeSeed, position).next()
    const table = block && (await readRecordTable(window, block, storeSeed))
    return block && { block, table }
  })
  // Trimmed or dropped since it was found.
  if (!found) return
  const { block, table } = found
  if (!table) throw damaged(files.naming.dataFile(index), block)
  for (let last = block.header.count; last > 0; ) {
    const first = pieceStart(table, last)
    const items = withData
      ? await files.with(index, (open) => readPiece(open, block, table, first, last, storeSeed))
      : locationsOf(index, block, table, first, last)
    if (!items) return
    const within = items.filter((item) => {
      const standing = { ...item.location, ...item }
      return !bounds.isBelow(standing) && !bounds.isAbove(standing)
    })
    if (within.length > 0) yield within.reverse()
    last = first
  }
}

/** The first of the records before `last` that together are small enough to be read at once. */
function pieceStart({ positions, sizes }: RecordTable, last: number): number {
  const end = (positions[last - 1] as number) + RECORD_HEADER_BYTES + (sizes[last - 1] as number)
  let first = last - 1
  while (first > 0 && end - (positions[first - 1] as number) <= MiB) first--
  return first
}

async function readPiece(open: OpenFile, block: PlacedBlock, table: RecordTable, first: number, last: number, storeSeed: number): Promise<Batch> {
  const position = table.positions[first] as number
  const length = (table.positions[last - 1] as number) + RECORD_HEADER_BYTES + (table.sizes[last - 1] as number) - position
  const bytes = new Uint8Array(length)
  const read = await open.file.read(bytes, open.physical(position)).catch((error: unknown) => {
    throw backendFailure(`read ${open.name} at position ${position}`, error)
  })
  const { sequence, timestamp } = block.header
  const run = { bytes, at: 0, end: read, index: open.index, position, sequence: sequence + first, timestamp }
  const { items } = decodeRecords(run, storeSeed)
  if (items.length !== last - first) throw damaged(open.name, block)
  return items
}

function locationsOf(index: number, { header }: PlacedBlock, table: RecordTable, first: number, last: number): Batch {
  const { sequence, timestamp } = header
  return table.positions.slice(first, last).map((position, n) => ({
    location: { index, position, size: table.sizes[first + n] as number },
    sequence: sequence + first + n,
    timestamp,
  }))
}

function damaged(name: string, block: PlacedBlock): VarveError {
  return new VarveError('CORRUPT', `scan: ${name} is damaged in the block from position ${block.position} to ${block.end}`)
}
