import { VarveError } from '../errors.js'
import { Fifo } from '../fifo.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { FILE_HEADER_BYTES } from '../format/file-header.js'
import { RECORD_HEADER_BYTES, readUint32, storedChecksum } from '../format/record.js'
import { isBytes } from '../item.js'
import type { Location } from '../location.js'
import { Block } from './block.js'
import { MemoryBlocks } from './memory-blocks.js'
import type { SlabPool } from './slab-pool.js'
import type { StagedSlab, Staging } from './staging.js'

/** What the flusher does next, in order. */
export type FlushEntry = BlockEntry | CloseEntry | RotateEntry | TaskEntry

export interface BlockEntry {
  readonly kind: 'block'
  readonly block: Block
  /** What goes back to the pool once the block is laid down. */
  readonly slabs: readonly Uint8Array[]
  /** Whether the block belongs to a transaction, and ends it. */
  readonly group: 'none' | 'part' | 'end'
}

/** A closing block, behind which the file goes on. */
export interface CloseEntry {
  readonly kind: 'close'
  /** The sequence of the next record. */
  readonly sequence: number
  readonly timestamp: number
}

export interface RotateEntry {
  readonly kind: 'rotate'
  /** The file to close, and its end. */
  readonly from: number
  readonly position: number
  /** The sequence of the next record. */
  readonly sequence: number
  /** Where the group began that goes on in the next file. */
  readonly group: GroupStart | undefined
  /** When it was decided: after what is in the file, before what goes to the next. */
  readonly timestamp: number
}

export interface GroupStart {
  readonly index: number
  readonly position: number
}

/** Work on the store's files that must not meet a flush. */
export interface TaskEntry {
  readonly kind: 'task'
  /** Whether everything before it is synced first, not only laid down. */
  readonly syncsBefore: boolean
  /** Throws only what is final for the store. */
  readonly run: () => Promise<void>
  /** Called instead where what comes before it can't be written. */
  readonly abandon: (error: VarveError) => void
}

/** The end of all that was accepted. */
export interface Tail {
  index: number
  position: number
  sequence: number
}

export interface AppenderOptions {
  readonly storeSeed: number
  readonly maxFileSize: number
  readonly maxBufferSize: number
  /** Files that the names' digits can number. */
  readonly maxFiles: number
  readonly now: () => number
}

/**
 * Gives every item its place and gathers it in memory. Does no I/O: what is to be laid down waits in `queue`.
 * The place of an item is known the moment it is accepted, so that nothing has to be remembered for each.
 */
export class Appender {
  readonly queue = new Fifo<FlushEntry>()
  /** What is sealed and can't be read from a file yet. */
  readonly blocks = new MemoryBlocks()
  readonly #options: AppenderOptions
  readonly #pool: SlabPool
  readonly #tail: Tail
  #active: Block | undefined
  #activeSlabs: Uint8Array[] = []
  #activeHeld = 0
  #lastTime: number

  constructor(options: AppenderOptions, pool: SlabPool, tail: Tail, lastTime: number) {
    this.#options = options
    this.#pool = pool
    this.#tail = tail
    this.#lastTime = lastTime
  }

  /** The block that adds go to now. */
  get active(): Block | undefined {
    return this.#active
  }

  /** The sequence of the next item. */
  get sequence(): number {
    return this.#tail.sequence + (this.#active?.count ?? 0)
  }

  /** The file that adds go to now. */
  get index(): number {
    return this.#tail.index
  }

  /** The logical position behind everything accepted in that file. */
  get position(): number {
    return this.#active?.end ?? this.#tail.position
  }

  /** Whether an item is too large for the buffer and must be written on its own. */
  isOversized(size: number): boolean {
    return BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + size > this.#options.maxBufferSize
  }

  /** Copies the item and gives its place, or undefined where the buffer has no room. `FULL` where no file is left. */
  tryAdd(data: Uint8Array): Location | undefined {
    const bytes = RECORD_HEADER_BYTES + data.length
    let active = this.#active
    if (active && bytes <= active.room && this.#fits(active.end + bytes)) return active.add(data)
    const slabSize = this.#pool.sizeFor(bytes)
    if (!this.#pool.hasRoomFor(slabSize)) return undefined
    if (active && this.#activeHeld + slabSize > this.#options.maxBufferSize) {
      this.seal()
      active = undefined
    }
    if (!this.#fits((active ? active.end : this.#tail.position + BLOCK_HEADER_BYTES) + bytes)) this.rotate()
    const slab = this.#pool.take(slabSize)
    active = this.#active ??= this.#newBlock()
    this.#addSlab(active, slab)
    return active.add(data)
  }

  /** Copies as many of the items from `from` on as fit where the last one went, and adds their locations. False where the next one needs memory, a file or a refusal of its own. */
  tryAddRun(items: readonly Uint8Array[], from: number, most: number, locations: Location[]): boolean {
    const active = this.#active
    if (!active) return false
    // Each is taken out of the array once: one that makes its items when it is asked for them may give another one the next time.
    const run = items.slice(from, from + most)
    const { end, room } = active
    let count = 0
    let bytes = 0
    for (const data of run) {
      if (!isBytes(data) || data.length === 0) break
      bytes += RECORD_HEADER_BYTES + data.length
      if (bytes > room || !this.#fits(end + bytes)) break
      count++
    }
    run.length = count
    if (count === 0) return false
    active.addRun(run, locations)
    return true
  }

  /** Closes the active block: it goes to the queue, and the next item begins a new one. */
  seal(): void {
    const block = this.#active
    if (!block) return
    this.#enqueue(block, this.#activeSlabs, 'none')
    this.#active = undefined
    this.#activeSlabs = []
    this.#activeHeld = 0
  }

  /** Places a closing block behind everything accepted so far. What comes later goes behind it. */
  close(): void {
    this.seal()
    this.queue.push({ kind: 'close', sequence: this.#tail.sequence, timestamp: this.stamp() })
    // Every file keeps room for one, so this one fits whatever the file holds.
    this.#tail.position += BLOCK_HEADER_BYTES
  }

  /** Takes a closing block back that could not be written; false where something was placed behind it meanwhile. */
  withdrawClose(): boolean {
    if (this.#active || this.queue.length > 1) return false
    this.queue.shift()
    this.#tail.position -= BLOCK_HEADER_BYTES
    return true
  }

  /** Goes on in the next file. `FULL` where there is none; then nothing has changed. */
  rotate(group?: GroupStart): void {
    this.#checkFilesLeft(1)
    this.seal()
    const { index, position, sequence } = this.#tail
    this.queue.push({ kind: 'rotate', from: index, position, sequence, group, timestamp: this.stamp() })
    this.#tail.index = index + 1
    this.#tail.position = 0
  }

  /** Work that the flusher does after everything accepted so far. */
  enqueueTask(task: Omit<TaskEntry, 'kind'>): void {
    this.seal()
    this.queue.push({ kind: 'task', ...task })
  }

  /** Takes all tasks out of the queue. */
  withdrawTasks(): TaskEntry[] {
    const entries = this.queue.drain()
    for (const entry of entries) if (entry.kind !== 'task') this.queue.push(entry)
    return entries.filter((entry) => entry.kind === 'task')
  }

  /** Makes sure that a block with one record of `size` fits the file that adds go to; nothing else may be placed until {@link placeOversized}. */
  prepareOversized(size: number): void {
    this.seal()
    if (!this.#fits(this.#tail.position + BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + size)) this.rotate()
  }

  /** Takes the place of an oversized item that was laid down. */
  placeOversized(size: number): void {
    this.#tail.position += BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES + size
    this.#tail.sequence++
  }

  /** When a block sealed now was sealed: never before the one before it. */
  stamp(): number {
    this.#lastTime = Math.max(this.#lastTime, this.#options.now())
    return this.#lastTime
  }

  /** Places a transaction after everything accepted so far, as one group. `FULL` where it does not fit; then nothing is placed. */
  placeGroup(staging: Staging): Location[] {
    this.seal()
    const cuts = this.#cutGroup(staging)
    this.#checkFilesLeft(cuts.rotations)
    const locations: Location[] = []
    let start: GroupStart | undefined
    cuts.blocks.forEach((records, n) => {
      // The first block may find its file too full: then no group is open yet where the file ends.
      if (n > 0 || cuts.rotatesFirst) this.rotate(start)
      start ??= { index: this.#tail.index, position: this.#tail.position }
      const last = n === cuts.blocks.length - 1
      const block = this.#newBlock()
      block.visible = false
      block.continues = !last
      fill(block, staging, records, locations)
      this.#enqueue(block, [], last ? 'end' : 'part')
    })
    return locations
  }

  #newBlock(): Block {
    const { index, position, sequence } = this.#tail
    return new Block({ storeSeed: this.#options.storeSeed, index, position }, sequence)
  }

  #addSlab(block: Block, slab: Uint8Array): void {
    this.#activeSlabs.push(slab)
    this.#activeHeld += slab.length
    block.addSlab(slab)
  }

  #enqueue(block: Block, slabs: readonly Uint8Array[], group: BlockEntry['group']): void {
    block.sealedAt = this.stamp()
    this.#tail.position = block.end
    this.#tail.sequence += block.count
    this.blocks.push(block)
    this.queue.push({ kind: 'block', block, slabs, group })
  }

  /** Whether a block that ends there leaves room for the closing block. */
  #fits(end: number): boolean {
    return FILE_HEADER_BYTES + end + BLOCK_HEADER_BYTES <= this.#options.maxFileSize
  }

  #checkFilesLeft(wanted: number): void {
    const left = this.#options.maxFiles - 1 - this.#tail.index
    if (wanted > left) {
      throw new VarveError(
        'FULL',
        `file ${this.#tail.index} is full and filePadding allows ${this.#options.maxFiles} files, so ${left} are left of the ${wanted} needed`,
      )
    }
  }

  #cutGroup(staging: Staging): GroupCuts {
    const blocks: StagedRun[][] = [[]]
    let rotatesFirst = false
    let end = this.#tail.position + BLOCK_HEADER_BYTES
    if (this.#fits(end + staging.length)) {
      // The usual case: one block, without a look at each record.
      return { blocks: [staging.slabs.map(({ used }, slab) => ({ slab, start: 0, end: used }))], rotatesFirst, rotations: 0 }
    }
    let empty = true
    staging.slabs.forEach(({ bytes, used }, slab) => {
      let start = 0
      for (let at = 0; at < used; ) {
        const record = RECORD_HEADER_BYTES + readUint32(bytes, at)
        if (!this.#fits(end + record)) {
          if (start < at) blocks[blocks.length - 1]?.push({ slab, start, end: at })
          if (empty) rotatesFirst = true
          else blocks.push([])
          start = at
          end = BLOCK_HEADER_BYTES
        }
        empty = false
        end += record
        at += record
      }
      blocks[blocks.length - 1]?.push({ slab, start, end: used })
    })
    return { blocks, rotatesFirst, rotations: blocks.length - 1 + (rotatesFirst ? 1 : 0) }
  }
}

/** Whole records that lie in one staged slab and go to one block. */
interface StagedRun {
  readonly slab: number
  readonly start: number
  readonly end: number
}

interface GroupCuts {
  readonly blocks: readonly (readonly StagedRun[])[]
  readonly rotatesFirst: boolean
  readonly rotations: number
}

function fill(block: Block, staging: Staging, runs: readonly StagedRun[], locations: Location[]): void {
  block.addSlab(new Uint8Array(BLOCK_HEADER_BYTES))
  for (const { slab, start, end } of runs) {
    const bytes = (staging.slabs[slab] as StagedSlab).bytes.subarray(start, end)
    block.segments.push({ bytes, position: block.end, used: bytes.length })
    for (let at = 0; at < bytes.length; ) {
      const size = readUint32(bytes, at)
      locations.push({ index: block.index, position: block.end, size })
      block.countRecord(size, storedChecksum(bytes, at))
      at += RECORD_HEADER_BYTES + size
    }
  }
}
