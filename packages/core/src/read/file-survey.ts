import { BLOCK_HEADER_BYTES, type BlockHeader, correctBlockHeader, readBlockHeader } from '../format/block-header.js'
import { LEAST_RECORD_BYTES } from '../format/record.js'
import type { PlacedBlock } from './block-cursor.js'
import { beginningOf, type FileBeginning } from './file-beginning.js'
import type { FileWindow } from './file-window.js'
import { findHeader, type PlacedHeader } from './find-header.js'
import type { OpenFile } from './open-file.js'
import { RecordSearch } from './record-search.js'
import { headersAt, type Salvaged, salvageRecords } from './salvage.js'

/** A block as it stands in a file, or as it must have stood there. */
export interface SurveyedBlock extends PlacedBlock {
  /** Whether `header` is what stands in the file. Otherwise it is what can be told of the block; its digest is not among that. */
  readonly isHeaderIntact: boolean
  /** What is left of the records; undefined where nobody has looked at them yet. */
  readonly salvaged: Salvaged | undefined
  /** The sequence that comes next after the block before it. */
  readonly expected: number
}

export interface FileSurveyParts {
  readonly storeSeed: number
  /** The logical position at which what is to be looked at ends. */
  readonly limit: number
  /** The sequence behind everything that comes before the file, where that is known, and the time. */
  readonly sequence: number | undefined
  readonly timestamp: number
  /** How the next file begins, where there is one and that is known. */
  readonly next: () => Promise<FileBeginning | undefined>
}

/**
 * Goes through a file from block to block, whatever is damaged: where no valid header stands it goes on at the next one, and tells the
 * blocks in between by their records. The blocks follow one another without a gap, up to where nothing more can be told.
 */
export class FileSurvey {
  /** The place, sequence and time behind the blocks told so far. */
  position: number
  sequence: number
  timestamp: number
  /** Whether the last of them is a closing block. */
  isClosed = false
  /** The sequence with which the file begins. */
  #start: number
  /** Nothing tells with which it does, and no block was met yet. */
  #isStartGuessed: boolean
  readonly #window: FileWindow
  readonly #parts: FileSurveyParts
  readonly #found: SurveyedBlock[] = []
  #isDone = false

  constructor(window: FileWindow, parts: FileSurveyParts) {
    this.#window = window
    this.#parts = parts
    this.position = window.open.header.trimOffset
    const start = startOf(window.open, parts.sequence)
    this.#isStartGuessed = start === undefined
    this.#start = start ?? window.open.header.sequence
    this.sequence = this.#start
    this.timestamp = parts.timestamp
  }

  get start(): number {
    return this.#start
  }

  /** The next block; undefined at the end of what can be told: behind `position` there may be bytes that belong to no block. */
  async next(): Promise<SurveyedBlock | undefined> {
    const { limit } = this.#parts
    if (this.#found.length === 0 && !this.#isDone && this.position < limit) {
      const header = await this.#headerHere(readBlockHeader)
      const corrected = header ? undefined : await this.#headerHere(correctBlockHeader)
      if (header || corrected) this.#found.push(await this.#known((header ?? corrected) as BlockHeader, header !== undefined))
      else await this.#surveyGap()
    }
    const block = this.#found.shift()
    if (block) this.#advance(block)
    return block
  }

  async #headerHere(read: typeof readBlockHeader): Promise<BlockHeader | undefined> {
    const window = this.#window
    const { position } = this
    if (position + BLOCK_HEADER_BYTES > this.#parts.limit) return undefined
    if (!window.has(position, BLOCK_HEADER_BYTES) && !(await window.load(position, BLOCK_HEADER_BYTES))) return undefined
    return read(window.bytes, window.offset(position), { storeSeed: this.#parts.storeSeed, index: window.open.index, position })
  }

  /** A block of which the header is known. */
  async #known(header: BlockHeader, isHeaderIntact: boolean): Promise<SurveyedBlock> {
    const { limit, storeSeed } = this.#parts
    const { position } = this
    const start = position + BLOCK_HEADER_BYTES
    const end = start + header.length
    const known = { index: this.#window.open.index, position, header, start, expected: this.sequence, isHeaderIntact }
    if (end <= limit) return { ...known, end, salvaged: undefined }
    // The file was cut off within the block.
    this.#isDone = true
    const { count, losses: hasLosses = false } = header
    const area = { start, end: limit, isWhole: false, count, isGap: false, hasLosses }
    const salvaged = leaveRoom(await salvageRecords(this.#window, area, storeSeed), limit)
    return { ...known, end: salvaged.end, salvaged }
  }

  async #surveyGap(): Promise<void> {
    const { limit, storeSeed } = this.#parts
    const next = await findHeader(this.#window, this.position + 1, storeSeed)
    const isWhole = next !== undefined && next.position < limit
    this.#isDone = !isWhole
    const behind = isWhole ? next.header.sequence : await this.#sequenceBehind()
    const left = behind === undefined || this.#isStartGuessed ? undefined : Math.max(0, behind - this.sequence)
    // Behind a closing block, with nothing missing, it never was a block.
    if (!isWhole && (left === 0 || (left === undefined && this.isClosed))) return
    await this.#surveyBlocks(isWhole ? next : undefined, left)
    if (this.#isStartGuessed && behind !== undefined) this.#countBackFrom(behind)
  }

  /** The sequence of the first record behind the file, where it is known that nothing else lies between. */
  async #sequenceBehind(): Promise<number | undefined> {
    const next = await this.#parts.next()
    return next && !next.isTrimmed ? next.sequence : undefined
  }

  /** Gives the blocks found the sequences that lead to the one behind them. */
  #countBackFrom(behind: number): void {
    const count = this.#found.reduce((sum, { header }) => sum + header.count, 0)
    const shift = Math.max(0, behind - count) - this.#start
    for (const [n, block] of this.#found.entries()) {
      const header = { ...block.header, sequence: block.header.sequence + shift }
      this.#found[n] = { ...block, header, expected: block.expected + shift }
    }
    this.#start += shift
    this.sequence += shift
  }

  /** Tells the blocks up to the next header, or to the limit: each begins with a header that is damaged. */
  async #surveyBlocks(next: PlacedHeader | undefined, missing: number | undefined): Promise<void> {
    const { storeSeed, limit } = this.#parts
    const end = next?.position ?? limit
    const isWhole = next !== undefined
    const search = new RecordSearch(this.#window.open, end - this.position, storeSeed, true)
    let left = missing
    let at = this.position
    let sequence = this.sequence
    while (at + BLOCK_HEADER_BYTES <= end) {
      const headers = left === 0 ? (end - at) / BLOCK_HEADER_BYTES : await headersAt(search, at, end, isWhole && left === undefined)
      const closing = left === 0 || at + headers * BLOCK_HEADER_BYTES === end ? headers : Math.max(0, headers - 1)
      // What stands where nothing but closing blocks can stand, and is none, can't be told.
      if (!Number.isInteger(closing) || (left === 0 && !isWhole)) break
      for (let n = 0; n < closing; n++, at += BLOCK_HEADER_BYTES) this.#found.push(this.#closing(at, sequence))
      const start = at + BLOCK_HEADER_BYTES
      if (start >= end) break
      const area = { start, end, isWhole, count: left, isGap: true, hasLosses: true }
      const found = await salvageRecords(this.#window, area, storeSeed)
      const salvaged = isWhole ? found : leaveRoom(found, limit)
      if (salvaged.count === 0) {
        if (salvaged.end > start || !isWhole) break
        this.#found.push(this.#closing(at, sequence))
      } else {
        this.#found.push(await this.#rebuilt(at, sequence, salvaged, next))
        sequence += salvaged.count
      }
      if (left !== undefined) left = Math.max(0, left - salvaged.count)
      at = salvaged.end
      // What the file's end took with it was missing before it was cut off.
      if (!isWhole && salvaged.end < end && salvaged.missing > 0) break
    }
    if (isWhole && at < end) this.#found.push(this.#blank(at, end, sequence))
  }

  async #rebuilt(position: number, sequence: number, salvaged: Salvaged, next: PlacedHeader | undefined): Promise<SurveyedBlock> {
    const { index } = this.#window.open
    const start = position + BLOCK_HEADER_BYTES
    const { end, count } = salvaged
    const timestamp = next ? await this.#timeSaidAt(position, next.header.timestamp) : this.timestamp
    const base = { continues: false, close: false, length: end - start, count, sequence, timestamp, durablePosition: position, digest: 0 }
    return { index, position, header: base, start, end, expected: sequence, isHeaderIntact: false, salvaged }
  }

  /** What a damaged header says of its time, if that can be: between the blocks before and behind it. */
  async #timeSaidAt(position: number, latest: number): Promise<number> {
    const window = this.#window
    if (!window.has(position, BLOCK_HEADER_BYTES) && !(await window.load(position, BLOCK_HEADER_BYTES))) return this.timestamp
    const view = new DataView(window.bytes.buffer, window.bytes.byteOffset + window.offset(position), BLOCK_HEADER_BYTES)
    const said = Number(view.getBigUint64(24, true))
    return said >= this.timestamp && said <= latest ? said : this.timestamp
  }

  #closing(position: number, sequence: number): SurveyedBlock {
    const { index } = this.#window.open
    const end = position + BLOCK_HEADER_BYTES
    const { timestamp } = this
    const header = {
      continues: false,
      close: true,
      length: 0,
      count: 0,
      sequence,
      timestamp,
      durablePosition: position,
      digest: this.#parts.storeSeed,
    }
    return { index, position, header, start: end, end, expected: sequence, isHeaderIntact: false, salvaged: undefined }
  }

  /** Bytes before a valid header that no blocks can have filled: not what rot leaves of a store. */
  #blank(position: number, end: number, sequence: number): SurveyedBlock {
    const { header } = this.#closing(position, sequence)
    return { ...this.#closing(position, sequence), header: { ...header, close: false }, start: end, end }
  }

  #advance({ end, header }: SurveyedBlock): void {
    this.#isStartGuessed = false
    this.position = end
    this.sequence = header.sequence + header.count
    this.timestamp = Math.max(this.timestamp, header.timestamp)
    this.isClosed = header.close
  }
}

/** The sequence with which a file begins: what its header says, or else what comes before it; undefined where neither tells. */
function startOf(open: OpenFile, before: number | undefined): number | undefined {
  const { header, headerFault, index } = open
  const isBeginningThere = header.trimOffset === 0
  if (headerFault && isBeginningThere) return before ?? (index === 0 ? 0 : beginningOf(open)?.sequence)
  return beginningOf(open)?.sequence
}

/** Keeps the last bytes of a file that was cut off for the closing block that it is to get, if they can be spared. */
function leaveRoom(salvaged: Salvaged, limit: number): Salvaged {
  const last = salvaged.lost[salvaged.lost.length - 1]
  if (!last || last.to < limit) return salvaged
  const to = Math.max(last.from + last.count * LEAST_RECORD_BYTES, limit - BLOCK_HEADER_BYTES)
  return { ...salvaged, lost: [...salvaged.lost.slice(0, -1), { ...last, to }], end: to }
}
