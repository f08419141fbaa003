import { isGone, VarveError } from '../errors.js'
import { RECORD_HEADER_BYTES } from '../format/record.js'
import { KiB } from '../options.js'
import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import { decodeRecords } from './decode-records.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import { findGroupBreak } from './group-break.js'
import type { OpenFile } from './open-file.js'
import { locationsOf, readRecordTable } from './record-table.js'
import type { ScanBounds } from './scan-bounds.js'
import type { ScannedItem, ScannedLocation } from './scan-options.js'
import type { Place } from './scan-source.js'

// The items of a larger run outlive a collection of what is young, and are copied in it.
const RUN_BYTES = 128 * KiB
// Read at once while the ones behind it are on their way.
const RECORDS_CHUNK = 512 * KiB

export type Batch = readonly (ScannedLocation & Partial<Pick<ScannedItem, 'data'>>)[]

export type ScanStep =
  | { readonly kind: 'batch'; readonly items: Batch }
  /** No block that may be shown stands at `position`. `isEnd`: nothing at all stands there. `closedAt`: the sequence that the closing block says which stands before it. */
  | { readonly kind: 'end'; readonly position: number; readonly isEnd: boolean; readonly closedAt: number | undefined }
  /** A transaction without its end stands there, which breaks off at `place`. */
  | { readonly kind: 'unfinished'; readonly place: Place }
  /** Everything from here on is above the bounds. */
  | { readonly kind: 'above' }
  /** There is no such file. */
  | { readonly kind: 'missing' }

export interface FileScannerOptions {
  readonly files: FileSet
  readonly bounds: ScanBounds
  readonly withData: boolean
  /** A process elsewhere may be writing: a block is shown only if it is seen to be whole. */
  readonly isUnproven: () => boolean
}

/** Goes forward through one file, a batch of items at a time. Between two batches it holds nothing, so that the file can be trimmed or dropped meanwhile. */
export class FileScanner {
  readonly index: number
  /** The position from which on nothing was delivered yet. */
  resume = 0
  /** It was opened anew after a file behind it was seen: it has no more than it shows. */
  isComplete = false
  /** Where a transaction was seen to break off, though there is a file behind that place. */
  brokeAt: Place | undefined
  readonly #options: FileScannerOptions
  readonly #storeSeed: number
  #open: OpenFile | undefined
  #window!: FileWindow
  #cursor!: BlockCursor
  #block: PlacedBlock | undefined
  /** Where in the block to go on. */
  #position = 0
  #sequence = 0
  #inWholeGroup = false
  #closedAt: number | undefined

  constructor(index: number, options: FileScannerOptions) {
    this.index = index
    this.#options = options
    this.#storeSeed = options.files.identity.storeSeed
  }

  /** The file as it was seen last. */
  get open(): OpenFile | undefined {
    return this.#open
  }

  /** The next items below the position `limit`. */
  async next(limit: number): Promise<ScanStep> {
    try {
      return await this.#next(limit)
    } catch (error) {
      if (!this.#options.isUnproven() || !isGone(error)) throw error
      // The writer may have removed the file, or put another in its place.
      await this.#options.files.forget(this.index)
      return this.#next(limit)
    }
  }

  async #next(limit: number): Promise<ScanStep> {
    const { files } = this.#options
    const open = await files.acquire(this.index)
    if (!open) return { kind: 'missing' }
    try {
      if (open !== this.#open) this.#begin(open)
      return await this.#step(Math.min(limit, open.end))
    } finally {
      files.release(open)
    }
  }

  /** Names every block below `limit` that may hold items within the bounds, and says why there are no more. */
  async eachBlock(limit: number, visit: (block: PlacedBlock) => void): Promise<ScanStep> {
    const { files } = this.#options
    const open = await files.acquire(this.index)
    if (!open) return { kind: 'missing' }
    try {
      this.#begin(open)
      for (;;) {
        const found = await this.#nextBlock(Math.min(limit, open.end))
        if ('kind' in found) return found
        visit(found)
      }
    } finally {
      files.release(open)
    }
  }

  /** Looks anew at what another process may have added. */
  async refresh(): Promise<void> {
    const { files } = this.#options
    try {
      await files.with(this.index, async (open) => {
        await open.refresh()
        if (open === this.#open) this.#window.reset()
      })
    } catch (error) {
      if (!isGone(error)) throw error
      await files.forget(this.index)
    }
  }

  #begin(open: OpenFile): void {
    if (open.headerFault) throw open.headerFault
    this.#open = open
    this.#window = new FileWindow(open, HEADER_CHUNK)
    this.#cursor = new BlockCursor(this.#window, this.#storeSeed)
    this.#block = undefined
    this.#closedAt = undefined
  }

  async #step(limit: number): Promise<ScanStep> {
    for (;;) {
      if (!this.#block) {
        const found = await this.#nextBlock(limit)
        if ('kind' in found) return found
        this.#block = found
        this.#position = found.start
        this.#sequence = found.header.sequence
        this.#window.chunkSize = RECORDS_CHUNK
      }
      const items = this.#options.withData ? await this.#decode(this.#block) : await this.#locate(this.#block)
      // Were the file opened anew now, as it was trimmed, or closed for others, it would go on from here.
      this.resume = Math.max(this.resume, this.#position)
      if (this.#position >= this.#block.end) this.#block = undefined
      if (items.length > 0) return { kind: 'batch', items }
    }
  }

  async #nextBlock(limit: number): Promise<PlacedBlock | ScanStep> {
    const { bounds } = this.#options
    for (;;) {
      const { position } = this.#cursor
      if (position >= limit) return { kind: 'end', position, isEnd: true, closedAt: this.#closedAt }
      const block = await this.#cursor.next()
      if (!block) return { kind: 'end', position, isEnd: false, closedAt: this.#closedAt }
      const { sequence, timestamp, count } = block.header
      const last = { index: this.index, position: block.end - 1, sequence: sequence + count - 1, timestamp }
      if (!block.header.close && block.end > this.resume && !bounds.isBelow(last)) {
        if (bounds.isAbove({ ...last, position: block.start, sequence })) return { kind: 'above' }
        const obstacle = await this.#obstacleTo(block)
        if (!obstacle) {
          this.#closedAt = undefined
          return block
        }
        this.#cursor.position = position
        this.#window.reset()
        return obstacle
      }
      this.#closedAt = block.header.close ? sequence : undefined
    }
  }

  /** Beside a writer: why the block may not be shown, as it is not whole yet, or its group is not. */
  async #obstacleTo(block: PlacedBlock): Promise<ScanStep | undefined> {
    if (!this.#options.isUnproven()) return undefined
    if (block.header.continues && !this.#inWholeGroup) {
      const place = await findGroupBreak(this.#options.files, block)
      if (place) return { kind: 'unfinished', place }
    }
    this.#inWholeGroup = block.header.continues
    const isValid = await isBlockValid(this.#window, block, this.#storeSeed)
    return isValid ? undefined : { kind: 'end', position: block.position, isEnd: false, closedAt: undefined }
  }

  async #decode(block: PlacedBlock): Promise<Batch> {
    const window = this.#window
    const position = this.#position
    if (!window.has(position, RECORD_HEADER_BYTES) && !(await window.load(position, RECORD_HEADER_BYTES))) throw this.#damaged(block)
    // Beside a writer, what was read early might be older than what says that it is whole.
    if (!this.#options.isUnproven()) window.readAhead()
    const at = window.offset(position)
    const end = Math.min(window.bytes.length, window.offset(block.end))
    const { timestamp, losses: hasLosses } = block.header
    const run = { bytes: window.bytes, at, end, index: this.index, position, sequence: this.#sequence, timestamp, hasLosses }
    const part = decodeRecords({ ...run, end: Math.min(end, at + RUN_BYTES) }, this.#storeSeed)
    // A larger record than that.
    const decoded = part.count === 0 && end > at + RUN_BYTES ? decodeRecords(run, this.#storeSeed) : part
    if (decoded.damaged && decoded.count === 0) throw this.#damaged(block)
    this.#position += decoded.at - at
    this.#sequence += decoded.count
    if (decoded.count === 0) await this.#loadRecord(block)
    return this.#within(decoded.items)
  }

  /** The next record is cut short by the window: reads on from it, as much as it needs. */
  async #loadRecord(block: PlacedBlock): Promise<void> {
    const window = this.#window
    const position = this.#position
    if (position + RECORD_HEADER_BYTES > block.end) throw this.#damaged(block)
    await window.load(position, RECORD_HEADER_BYTES)
    const view = new DataView(window.bytes.buffer, window.bytes.byteOffset, window.bytes.length)
    const length = RECORD_HEADER_BYTES + (window.bytes.length >= RECORD_HEADER_BYTES ? view.getUint32(0, true) : 0)
    if (position + length > block.end) throw this.#damaged(block)
    if (!window.has(position, length) && !(await window.load(position, length))) throw this.#damaged(block)
  }

  async #locate(block: PlacedBlock): Promise<Batch> {
    const table = await readRecordTable(this.#window, block, this.#storeSeed)
    if (!table) throw this.#damaged(block)
    this.#position = block.end
    return this.#within(locationsOf(block, table))
  }

  /** Those of one block's items that are asked for and were not delivered before. */
  #within(items: Batch): Batch {
    const { bounds } = this.#options
    const { resume } = this
    if (!bounds.lower && !bounds.upper && (items[0]?.location.position ?? 0) >= resume) return items
    return items.filter(({ location, sequence, timestamp }) => {
      const standing = { ...location, sequence, timestamp }
      return location.position >= resume && !bounds.isBelow(standing) && !bounds.isAbove(standing)
    })
  }

  #damaged(block: PlacedBlock): VarveError {
    return new VarveError(
      'CORRUPT',
      `scan: ${this.#options.files.naming.dataFile(this.index)} is damaged at position ${this.#position}, in the block from ${block.position} to ${block.end}`,
    )
  }
}
