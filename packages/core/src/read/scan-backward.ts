import { backendFailure, VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import { MiB } from '../options.js'
import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import { decodeRecords } from './decode-records.js'
import { type Batch, FileScanner } from './file-scanner.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import { findStart } from './find-start.js'
import { refuseGap } from './missing-file.js'
import type { OpenFile } from './open-file.js'
import { readBytes } from './read-bytes.js'
import { locationsOf, type RecordTable, readRecordTable } from './record-table.js'
import { refuseBreak, refuseDamage, refuseEnd } from './refuse-damage.js'
import { ScanBounds } from './scan-bounds.js'
import { scanForward } from './scan-forward.js'
import type { ScanOptions } from './scan-options.js'
import type { Place, ScanSource } from './scan-source.js'

/** The items within the bounds, from the last to the first, a batch at a time. */
export async function* scanBackward(
  source: ScanSource,
  bounds: ScanBounds,
  options: ScanOptions,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  const { shown } = source
  const end = options.buffered || source.isBesideWriter ? shown : source.frontier
  // Of a writer elsewhere nothing is seen but its files.
  if (options.buffered && !source.isBesideWriter) yield* fromMemory(source, bounds, options, withData)
  await source.lookAgain()
  const first = await findStart(source, bounds)
  for (let index = source.isBesideWriter ? source.lastIndex : end.index; index >= first; index--) {
    const limit = index === end.index && !source.isBesideWriter ? end.position : Number.MAX_SAFE_INTEGER
    for await (const items of fromFile(source, index, bounds, limit, withData)) {
      options.signal?.throwIfAborted()
      const within = items.filter((item) => {
        const standing = { ...item.location, ...item }
        return !bounds.isBelow(standing) && !bounds.isAbove(standing)
      })
      if (within.length > 0) yield within.reverse()
    }
    options.signal?.throwIfAborted()
  }
}

// What memory holds is little: it is gathered forwards and turned round.
async function* fromMemory(
  source: ScanSource,
  bounds: ScanBounds,
  options: ScanOptions,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  const { index, position } = source.shown
  const items: Batch[number][] = []
  const from = { location: { index, position, size: 1 } }
  const { signal } = options
  for await (const batch of scanForward(
    source,
    new ScanBounds({ from, ...(options.to && { to: options.to }) }),
    { buffered: true, ...(signal && { signal }) },
    withData,
  )) {
    for (const item of batch) if (!bounds.isBelow({ ...item.location, ...item })) items.push(item)
  }
  if (items.length > 0) yield items.reverse()
}

/** The items of one file below the position `limit`, a piece at a time, the last piece first. */
async function* fromFile(
  source: ScanSource,
  index: number,
  bounds: ScanBounds,
  limit: number,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  let below = limit
  for (;;) {
    const found = await findBlocks(source, index, bounds, below)
    if (!found) return
    for await (const { items, start } of fromBlocks(source, found, below, withData)) {
      below = start
      yield items
    }
    // Where the file was replaced meanwhile, as by a trim, what is left of it is looked for once more.
    if (found.positions.length === 0) return
  }
}

interface FoundBlocks {
  readonly open: OpenFile
  /** Where they stand, in order; those that are done with are taken off. Only positions: a file may have very many. */
  readonly positions: number[]
}

/** The blocks that may hold items within the bounds; undefined where there is no such file. */
async function findBlocks(
  source: ScanSource,
  index: number,
  bounds: ScanBounds,
  limit: number,
  brokeAt?: Place,
): Promise<FoundBlocks | undefined> {
  const { files, isBesideWriter } = source
  if (isBesideWriter) await files.forget(index)
  const scanner = new FileScanner(index, { files, bounds, withData: false, isUnproven: () => isBesideWriter })
  const positions: number[] = []
  const step = await scanner.eachBlock(limit, ({ position }) => positions.push(position))
  if (step.kind === 'missing') await refuseGap('scan', files, source, index)
  const last = isBesideWriter ? source.lastIndex : source.frontier.index
  if (step.kind === 'end' && index < last && limit === Number.MAX_SAFE_INTEGER) await refuseEnd(source, index, step)
  else if (step.kind === 'end' && !step.isEnd) await refuseDamage(source, index, step.position)
  if (step.kind === 'unfinished' && (await refuseBreak(source, step.place, brokeAt)))
    return findBlocks(source, index, bounds, limit, step.place)
  return scanner.open && { open: scanner.open, positions }
}

interface Piece {
  readonly items: Batch
  /** The position of the first of them. */
  readonly start: number
}

/** The items of these blocks below a position, the last piece first. Ends early, with blocks left, where another file has taken the place of theirs. */
async function* fromBlocks(
  source: ScanSource,
  { open, positions }: FoundBlocks,
  limit: number,
  withData: boolean,
): AsyncGenerator<Piece, void, void> {
  const { files } = source
  const { storeSeed } = files.identity
  for (let position = positions.at(-1); position !== undefined; position = positions.at(-1)) {
    const place = position
    const read = await whileOpen(files, open, () => readBlock(open, place, storeSeed))
    if (!read) return
    const { block, table } = read
    for (let last = table.positions.filter((start) => start < limit).length; last > 0; ) {
      const first = pieceStart(table, last)
      const end = last
      const items = withData
        ? await whileOpen(files, open, () => readPiece(open, block, table, first, end, storeSeed))
        : locationsOf(block, table, first, end)
      if (!items) return
      yield { items, start: table.positions[first] as number }
      last = first
    }
    positions.pop()
  }
}

/** Runs `action` if that very file is still the one of its name; undefined otherwise. */
function whileOpen<T>(files: FileSet, open: OpenFile, action: () => Promise<T>): Promise<T | undefined> {
  return files.with(open.index, async (now) => (now === open ? action() : undefined))
}

async function readBlock(
  open: OpenFile,
  position: number,
  storeSeed: number,
): Promise<{ readonly block: PlacedBlock; readonly table: RecordTable }> {
  const window = new FileWindow(open, HEADER_CHUNK)
  const block = await new BlockCursor(window, storeSeed, position).next()
  if (!block) throw new VarveError('CORRUPT', `scan: ${open.name} is damaged at position ${position}: a block header was there before`)
  const table = await readRecordTable(window, block, storeSeed)
  if (!table) throw damaged(open.name, block)
  return { block, table }
}

/** The first of the records before `last` that together are small enough to be read at once. */
function pieceStart({ positions, sizes }: RecordTable, last: number): number {
  const end = (positions[last - 1] as number) + RECORD_HEADER_BYTES + (sizes[last - 1] as number)
  let first = last - 1
  while (first > 0 && end - (positions[first - 1] as number) <= MiB) first--
  return first
}

async function readPiece(
  open: OpenFile,
  block: PlacedBlock,
  table: RecordTable,
  first: number,
  last: number,
  storeSeed: number,
): Promise<Batch> {
  const position = table.positions[first] as number
  const length = (table.positions[last - 1] as number) + RECORD_HEADER_BYTES + (table.sizes[last - 1] as number) - position
  const bytes = new Uint8Array(length)
  const read = await readBytes(open.file, bytes, open.physical(position)).catch((error: unknown) => {
    throw backendFailure(`read ${open.name} at position ${position}`, error)
  })
  const { sequence, timestamp, losses: hasLosses } = block.header
  const run = { bytes, at: 0, end: read, index: open.index, position, sequence: sequence + first, timestamp, hasLosses }
  const { items, count } = decodeRecords(run, storeSeed)
  if (count !== last - first) throw damaged(open.name, block)
  return items
}

function damaged(name: string, block: PlacedBlock): VarveError {
  return new VarveError('CORRUPT', `scan: ${name} is damaged in the block from position ${block.position} to ${block.end}`)
}
