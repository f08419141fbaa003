import { VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import type { Location } from '../location.js'
import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from '../read/block-cursor.js'
import { isRestZero } from '../read/diagnose.js'
import { FileWindow } from '../read/file-window.js'
import { run } from '../read/loads.js'
import type { OpenFile } from '../read/open-file.js'
import { isTrimmedAway } from '../read/open-file.js'
import { type RecordTable, readRecordTable } from '../read/record-table.js'

/** What lies on one side of a boundary. */
interface Side {
  readonly items: number
  /** Bytes of the items alone. */
  readonly bytes: number
  /** The item nearest to the boundary. */
  readonly nearest: Location | undefined
}

/** A place in a file between two items. */
export interface Boundary {
  /** The position of the first item behind it, or of the block header before that item. */
  readonly position: number
  /** The block it goes through, with its records; undefined where it lies between two blocks. */
  readonly split: { readonly block: PlacedBlock; readonly table: RecordTable; readonly before: number } | undefined
  readonly left: Side
  readonly right: Side
  /** The sequence of the first item behind it. */
  readonly sequence: number
  /** The latest time in the file, and the sequence behind its last item. */
  readonly lastTime: number
  readonly endSequence: number
}

/** Finds the boundary at `position`. `INVALID_LOCATION` where no item begins there, `CORRUPT` where the file is damaged. */
export async function findBoundary(open: OpenFile, position: number, storeSeed: number): Promise<Boundary> {
  if (open.headerFault) throw open.headerFault
  const window = new FileWindow(open, HEADER_CHUNK)
  const cursor = new BlockCursor(window, storeSeed)
  const left = new SideCount()
  const right = new SideCount()
  let split: Boundary['split']
  let sequence: number | undefined
  let lastTime = 0
  let endSequence = open.header.sequence
  let place: number | undefined
  // What was trimmed away has no boundaries any more: anywhere there is before everything that is left.
  let isBoundary = isTrimmedAway(open, position)
  // The file may grow meanwhile: only what stood there when no block was found can be damage.
  let end = open.end
  const next = (): Promise<PlacedBlock | undefined> => {
    end = open.end
    return cursor.next()
  }
  for (let block = await next(); block; block = await next()) {
    const { header } = block
    lastTime = header.timestamp
    endSequence = header.sequence + header.count
    isBoundary ||= position === block.position || position === block.start
    if (header.close) continue
    if (position <= block.start) {
      await right.addBlock(window, block, storeSeed, true)
      sequence ??= header.sequence
      place ??= block.position
    } else if (position >= block.end) {
      await left.addBlock(window, block, storeSeed, false)
    } else {
      const table = await tableOf(window, block, storeSeed)
      const before = table.positions.indexOf(position)
      if (before < 0) throw notABoundary(open, position)
      left.addRecords(block, table, 0, before, false)
      right.addRecords(block, table, before, header.count, true)
      split = { block, table, before }
      sequence = header.sequence + before
      place = position
      isBoundary = true
    }
  }
  if (cursor.position < end && !(await run(window, isRestZero(window, cursor.position)))) {
    throw new VarveError('CORRUPT', `trim: ${open.name} is damaged at position ${cursor.position}; verify and repair it first`)
  }
  if (!isBoundary && position !== cursor.position) throw notABoundary(open, position)
  return { position: place ?? cursor.position, split, left, right, sequence: sequence ?? endSequence, lastTime, endSequence }
}

function notABoundary(open: OpenFile, position: number): VarveError {
  return new VarveError(
    'INVALID_LOCATION',
    `trim: no item of ${open.name} begins at position ${position}; give the position of an item's location`,
  )
}

async function tableOf(window: FileWindow, block: PlacedBlock, storeSeed: number): Promise<RecordTable> {
  const table = await readRecordTable(window, block, storeSeed)
  if (table) return table
  throw new VarveError(
    'CORRUPT',
    `trim: ${window.open.name} is damaged in the block from position ${block.position} to ${block.end}; verify and repair it first`,
  )
}

class SideCount implements Side {
  items = 0
  bytes = 0
  nearest: Location | undefined

  async addBlock(window: FileWindow, block: PlacedBlock, storeSeed: number, isRight: boolean): Promise<void> {
    if (isRight && this.nearest) this.#count(block.header.count, block.end - block.start)
    else this.addRecords(block, await tableOf(window, block, storeSeed), 0, block.header.count, isRight)
  }

  addRecords({ index, end }: PlacedBlock, table: RecordTable, from: number, to: number, isRight: boolean): void {
    const { positions, sizes } = table
    this.#count(to - from, (positions[to] ?? end) - (positions[from] as number))
    const n = isRight ? from : to - 1
    this.nearest = { index, position: positions[n] as number, size: sizes[n] as number }
  }

  #count(items: number, length: number): void {
    this.items += items
    this.bytes += length - items * RECORD_HEADER_BYTES
  }
}
