import { platform } from '#platform'
import { backendFailure } from '../errors.js'
import { RECORD_HEADER_BYTES, readUint32, recordState } from '../format/record.js'
import { KiB, MiB } from '../options.js'
import { recordSizeAt } from './block-cursor.js'
import { checkRecordAt } from './check-block.js'
import { type Damage, damagesOf, headerDamage } from './damage.js'
import { type EndParts, type ExaminedBlock, examineBlock, examineEnd } from './examined-block.js'
import type { Batch } from './file-scanner.js'
import type { FileSet } from './file-set.js'
import { FileSurvey } from './file-survey.js'
import { FileWindow } from './file-window.js'
import type { OpenFile } from './open-file.js'
import { readBytes } from './read-bytes.js'
import type { ScannedLocation } from './scan-options.js'

export interface SalvagingFileParts extends EndParts {
  readonly files: FileSet
  /** The sequence and the time behind what comes before the file, where they are known. */
  readonly sequence: number | undefined
  readonly timestamp: number
  readonly onDamage: (damage: Damage) => void
}

/**
 * Goes through a file around what is damaged. Between two calls it holds nothing, so that the file can be trimmed or dropped meanwhile: then it begins
 * anew, behind what it has told.
 */
export class SalvagingFile {
  readonly index: number
  /** The sequence and the time behind what was told so far. */
  sequence: number | undefined
  timestamp: number
  readonly #parts: SalvagingFileParts
  #open: OpenFile | undefined
  #window!: FileWindow
  #survey!: FileSurvey
  /** The position up to which blocks were told. */
  #told = 0

  constructor(index: number, parts: SalvagingFileParts) {
    this.index = index
    this.#parts = parts
    this.sequence = parts.sequence
    this.timestamp = parts.timestamp
  }

  /** Where the intact items of the next block are, in order; undefined at the end, and where there is no such file (`isThere` says). */
  async next(): Promise<readonly ScannedLocation[] | undefined> {
    return this.#parts.files.with(this.index, async (open) => {
      if (open !== this.#open) this.#begin(open)
      return this.#step(open)
    })
  }

  get isThere(): boolean {
    return this.#open !== undefined
  }

  #begin(open: OpenFile): void {
    const { files, sequence, limit, timestamp, next, onDamage } = this.#parts
    const damage = this.#open ? undefined : headerDamage(open)
    if (damage) onDamage(damage)
    this.#open = open
    this.#window = new FileWindow(open, 256 * KiB)
    this.#survey = new FileSurvey(this.#window, {
      storeSeed: files.identity.storeSeed,
      limit: Math.min(limit, open.end),
      sequence,
      timestamp,
      next,
    })
  }

  async #step(open: OpenFile): Promise<readonly ScannedLocation[] | undefined> {
    const { files, limit, onDamage } = this.#parts
    const survey = this.#survey
    for (let block = await survey.next(); block; block = await survey.next()) {
      if (block.end <= this.#told) continue
      const examined = await examineBlock(this.#window, block, files.identity.storeSeed)
      for (const damage of damagesOf(open, block, examined.salvaged)) if (damage.position >= this.#told) onDamage(damage)
      const items = block.header.close ? [] : await this.#locate(examined)
      this.#note(survey)
      if (items.length > 0) return items
    }
    const { damage, missing } = await examineEnd(this.#window, survey, { ...this.#parts, limit: Math.min(limit, open.end) })
    if (damage) onDamage(damage)
    this.#note(survey)
    this.sequence = survey.sequence + missing
    return undefined
  }

  #note({ position, sequence, timestamp }: FileSurvey): void {
    this.#told = position
    this.sequence = sequence
    this.timestamp = timestamp
  }

  async #locate({ block, salvaged }: ExaminedBlock): Promise<ScannedLocation[]> {
    const { index, start, header, isHeaderIntact } = block
    const { timestamp } = header
    const end = salvaged?.end ?? block.end
    const mayHaveLosses = header.losses === true || !isHeaderIntact
    const items: ScannedLocation[] = []
    let region = 0
    for (let position = start, n = 0; position < end; ) {
      const lost = salvaged?.lost[region]
      if (lost?.from === position) {
        n += lost.count
        region++
        position = lost.to
        continue
      }
      const record = await this.#recordAt(position, end, mayHaveLosses)
      // Replaced under our hands, by somebody who keeps to no contract.
      if (!record) break
      if (!record.isLost) items.push({ location: { index, position, size: record.size }, sequence: header.sequence + n, timestamp })
      n++
      position += RECORD_HEADER_BYTES + record.size
    }
    return items
  }

  async #recordAt(
    position: number,
    end: number,
    mayBeLost: boolean,
  ): Promise<{ readonly size: number; readonly isLost: boolean } | undefined> {
    if (mayBeLost) {
      const record = await checkRecordAt(this.#window, position, end, this.#parts.files.identity.storeSeed, true)
      return record && { size: record.size, isLost: record.state === 'lost' }
    }
    const window = this.#window
    if (!window.has(position, RECORD_HEADER_BYTES) && !(await window.load(position, RECORD_HEADER_BYTES))) return undefined
    const size = recordSizeAt(window, position, end)
    return size === undefined ? undefined : { size, isLost: false }
  }

  /** The items at these places, of which there is at least one, but for those that were trimmed or dropped meanwhile. */
  async read(locations: readonly ScannedLocation[]): Promise<Batch> {
    const { files } = this.#parts
    const first = (locations[0] as ScannedLocation).location
    const last = (locations[locations.length - 1] as ScannedLocation).location
    const found = await files.with(this.index, async (open) => {
      if (open.header.dropped || first.position < open.header.trimOffset) return this.#readEach(open, locations)
      const bytes = await readAt(open, first.position, last.position + RECORD_HEADER_BYTES + last.size)
      return take(bytes, first.position, locations, files.identity.storeSeed)
    })
    return found ?? []
  }

  async #readEach(open: OpenFile, locations: readonly ScannedLocation[]): Promise<Batch> {
    const items: Batch[number][] = []
    for (const item of locations) {
      const { position, size } = item.location
      if (open.header.dropped || position < open.header.trimOffset) continue
      const bytes = await readAt(open, position, position + RECORD_HEADER_BYTES + size)
      items.push(...take(bytes, position, [item], this.#parts.files.identity.storeSeed))
    }
    return items
  }
}

async function readAt(open: OpenFile, from: number, to: number): Promise<Uint8Array> {
  const bytes = platform.allocateSlab(Math.max(0, Math.min(to, open.end) - from))
  try {
    return bytes.subarray(0, await readBytes(open.file, bytes, open.physical(from)))
  } catch (error) {
    throw backendFailure(`read ${open.name} at position ${from}`, error)
  }
}

function take(bytes: Uint8Array, position: number, locations: readonly ScannedLocation[], storeSeed: number): Batch {
  const items: Batch[number][] = []
  for (const item of locations) {
    const { size } = item.location
    const at = item.location.position - position
    if (at + RECORD_HEADER_BYTES + size > bytes.length || readUint32(bytes, at) !== size) continue
    if (recordState(bytes, at, size, storeSeed, false) !== 'intact') continue
    items.push({ ...item, data: bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + size) })
  }
  return items
}

/** Pieces of neighbours that are small enough to be read at once. */
export function* piecesOf(locations: readonly ScannedLocation[]): Generator<readonly ScannedLocation[]> {
  let first = 0
  for (let n = 1; n <= locations.length; n++) {
    const start = (locations[first] as ScannedLocation).location.position
    const next = locations[n]?.location
    if (next && next.position + next.size - start <= MiB) continue
    yield locations.slice(first, n)
    first = n
  }
}
