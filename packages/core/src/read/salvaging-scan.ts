import { VarveError } from '../errors.js'
import { type Damage, fileDamage } from './damage.js'
import { findDurableEnd } from './durable-end.js'
import { beginningOfFile } from './file-beginning.js'
import type { Batch } from './file-scanner.js'
import { startsBefore } from './find-start.js'
import { piecesOf, SalvagingFile } from './salvaging-file.js'
import { ScanBounds } from './scan-bounds.js'
import { scanForward } from './scan-forward.js'
import type { ScannedLocation, ScanOptions } from './scan-options.js'
import type { Place, ScanSource } from './scan-source.js'
import { readLastBlock } from './tail.js'

interface SalvagingScanOptions extends ScanOptions {
  readonly onDamage: (damage: Damage) => void
}

/** The items within the bounds, going around what is damaged, a batch at a time. What comes after what is durable now can't be damaged yet: an ordinary scan shows it. */
export async function* scanSalvaging(
  source: ScanSource,
  bounds: ScanBounds,
  options: SalvagingScanOptions,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  const { reverse = false, follow = false, buffered = false } = options
  const indexes = await source.listFiles()
  const end = await findDurableEnd(source, indexes)
  if (reverse && buffered) yield* behind(source, bounds, options, end, withData)
  const scan = new SalvagingScan(source, bounds, options, end, indexes)
  yield* reverse ? scan.backward(withData) : scan.forward(withData)
  if (!reverse && (follow || buffered)) yield* behind(source, bounds, options, end, withData)
}

/** What comes behind the place at which everything was durable when the scan began. */
async function* behind(
  source: ScanSource,
  bounds: ScanBounds,
  options: SalvagingScanOptions,
  place: Place,
  withData: boolean,
): AsyncGenerator<Batch, void, void> {
  const { to, buffered = false, follow = false, reverse = false, signal } = options
  const from = { location: { ...place, size: 1 } }
  const rest: ScanOptions = { buffered, follow, ...(signal && { signal }) }
  const gathered: Batch[number][] = []
  for await (const batch of scanForward(source, new ScanBounds({ from, ...(to && { to }) }), rest, withData)) {
    const items = batch.filter((item) => !bounds.isBelow({ ...item.location, ...item }))
    if (reverse) gathered.push(...items)
    else if (items.length > 0) yield items
  }
  if (gathered.length > 0) yield gathered.reverse()
}

class SalvagingScan {
  readonly #source: ScanSource
  readonly #bounds: ScanBounds
  readonly #options: SalvagingScanOptions
  readonly #end: Place
  readonly #indexes: readonly number[]
  /** The sequence and the time behind what was told so far. */
  #sequence: number | undefined
  #timestamp = 0

  constructor(source: ScanSource, bounds: ScanBounds, options: SalvagingScanOptions, end: Place, indexes: readonly number[]) {
    this.#source = source
    this.#bounds = bounds
    this.#options = options
    this.#end = end
    this.#indexes = indexes.filter((index) => index <= end.index)
  }

  async *forward(withData: boolean): AsyncGenerator<Batch, void, void> {
    const start = await this.#start()
    await this.#lookBefore(start)
    for (let n = start; n < this.#indexes.length; n++) {
      this.#tellGap(n)
      const file = await this.#fileAt(n)
      for await (const items of this.#blocksOf(file, n)) {
        const first = items[0] as ScannedLocation
        if (this.#bounds.isAbove({ ...first.location, ...first })) return
        yield* this.#show(file, this.#within(items), withData)
      }
    }
  }

  async *backward(withData: boolean): AsyncGenerator<Batch, void, void> {
    const start = await this.#start()
    for (let n = this.#indexes.length - 1; n >= start; n--) {
      await this.#lookBefore(n)
      const file = await this.#fileAt(n)
      const blocks: PackedLocations[] = []
      for await (const items of this.#blocksOf(file, n)) blocks.push(pack(this.#within(items)))
      for (const items of blocks.reverse()) {
        const pieces = [...piecesOf(unpack(this.#indexes[n] as number, items))].reverse()
        for (const piece of pieces) for await (const batch of this.#show(file, piece, withData)) yield [...batch].reverse()
      }
      this.#tellGap(n)
    }
  }

  /** The items of each block of a file; what keeps the file from being read is told. */
  async *#blocksOf(file: SalvagingFile, n: number): AsyncGenerator<readonly ScannedLocation[], void, void> {
    try {
      for (let items = await file.next(); items; items = await file.next()) {
        this.#options.signal?.throwIfAborted()
        yield items
      }
      if (!file.isThere) return await this.#tellMissing(n)
      this.#sequence = file.sequence
      this.#timestamp = file.timestamp
    } catch (error) {
      if (!VarveError.is(error) || !UNUSABLE.has(error.code)) throw error
      const kind = error.code === 'CORRUPT' ? 'file-header' : 'foreign-file'
      const index = this.#indexes[n] as number
      const length = await this.#source.files.sizeOfUnusable(index)
      this.#options.onDamage(fileDamage(kind, this.#nameAt(n), index, error.message, { length }))
      this.#sequence = undefined
    }
  }

  async *#show(file: SalvagingFile, items: readonly ScannedLocation[], withData: boolean): AsyncGenerator<Batch, void, void> {
    if (!withData) {
      if (items.length > 0) yield items
      return
    }
    for (const piece of piecesOf(items)) {
      this.#options.signal?.throwIfAborted()
      const batch = await file.read(piece)
      if (batch.length > 0) yield batch
    }
  }

  async #fileAt(n: number): Promise<SalvagingFile> {
    const { files } = this.#source
    const index = this.#indexes[n] as number
    const next = this.#indexes[n + 1] === index + 1 ? index + 1 : undefined
    const isComplete = index < this.#end.index
    return new SalvagingFile(index, {
      files,
      sequence: this.#sequence,
      timestamp: this.#timestamp,
      limit: isComplete ? Number.MAX_SAFE_INTEGER : this.#end.position,
      isComplete,
      next: async () => (next === undefined ? undefined : beginningOfFile(files, next)),
      onDamage: this.#options.onDamage,
    })
  }

  /** Where to begin: at a file that holds the bounds' beginning or comes before it. */
  async #start(): Promise<number> {
    const { lower } = this.#bounds
    for (let n = this.#indexes.length - 1; lower && n > 0; n--) {
      try {
        if (await startsBefore(this.#source, lower, this.#indexes[n] as number)) return n
      } catch (error) {
        if (!VarveError.is(error) || !UNUSABLE.has(error.code)) throw error
      }
    }
    return 0
  }

  /** The sequence and the time behind the file before, as far as it tells. */
  async #lookBefore(n: number): Promise<void> {
    this.#sequence = undefined
    this.#timestamp = 0
    const { files } = this.#source
    const before = this.#indexes[n - 1]
    if (before === undefined || before + 1 !== this.#indexes[n]) return
    const last = await files.with(before, (open) => readLastBlock(open, files.identity.storeSeed)).catch(() => undefined)
    if (last?.close) this.#sequence = last.sequence
    this.#timestamp = last?.timestamp ?? 0
  }

  #tellGap(n: number): void {
    const before = this.#indexes[n - 1]
    const index = this.#indexes[n] as number
    if (before === undefined || before + 1 === index) return
    const files = index - before - 1
    const name = this.#source.files.naming.dataFile(before + 1)
    this.#options.onDamage(
      fileDamage('missing-file', name, before + 1, files === 1 ? 'there is no such file' : `there are no such ${files} files in a row`, {
        files,
      }),
    )
    this.#sequence = undefined
  }

  /** A file that went since the scan began was dropped, if it was the first one. */
  async #tellMissing(n: number): Promise<void> {
    const index = this.#indexes[n] as number
    this.#sequence = undefined
    const indexes = await this.#source.listFiles()
    if (indexes.some((other) => other < index)) {
      this.#options.onDamage(fileDamage('missing-file', this.#nameAt(n), index, 'there is no such file', { files: 1 }))
    }
  }

  #nameAt(n: number): string {
    return this.#source.files.naming.dataFile(this.#indexes[n] as number)
  }

  #within(items: readonly ScannedLocation[]): readonly ScannedLocation[] {
    const bounds = this.#bounds
    if (!bounds.lower && !bounds.upper) return items
    return items.filter((item) => {
      const standing = { ...item.location, ...item }
      return !bounds.isBelow(standing) && !bounds.isAbove(standing)
    })
  }
}

/** The places of a block's items in less memory than their bytes take. */
interface PackedLocations {
  readonly positions: Uint32Array
  readonly sizes: Uint32Array
  readonly sequences: Float64Array
  readonly timestamp: number
}

function pack(items: readonly ScannedLocation[]): PackedLocations {
  return {
    positions: Uint32Array.from(items, ({ location }) => location.position),
    sizes: Uint32Array.from(items, ({ location }) => location.size),
    sequences: Float64Array.from(items, ({ sequence }) => sequence),
    timestamp: items[0]?.timestamp ?? 0,
  }
}

function unpack(index: number, { positions, sizes, sequences, timestamp }: PackedLocations): readonly ScannedLocation[] {
  return Array.from(positions, (position, n) => ({
    location: { index, position, size: sizes[n] as number },
    sequence: sequences[n] as number,
    timestamp,
  }))
}

const UNUSABLE = new Set<VarveError['code']>(['CORRUPT', 'FOREIGN_FILE', 'GENESIS_MISMATCH', 'UNSUPPORTED_VERSION', 'UNSUPPORTED'])
