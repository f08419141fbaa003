import { VarveError } from '../errors.js'
import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import { findHeader } from './find-header.js'
import type { OpenFile } from './open-file.js'
import type { Place } from './scan-source.js'
import { readClose, unprovenIn } from './tail.js'

/** A place between two groups, and the sequence of the item that comes next. */
export interface SequencedPlace extends Place {
  readonly sequence: number
}

interface Standing {
  /** There is no other file behind it. */
  readonly isLast: boolean
  readonly isOnly: boolean
}

/**
 * The end of what is proven to be durable in a store whose writer is another process.
 *
 * That bytes can be read proves nothing: they may be in a cache alone, their sync may fail, and a write that is refused is taken back. What proves them is what the writer writes only after a sync that
 * covered them: a later block, which says up to where its file was durable; a closing block, before which everything is, and which a writer that rests writes too; and another file behind theirs. A closing block that ends all is counted in: it holds no items, and all before it is durable.
 *
 * What is proven once is not looked at again: each look goes on from there.
 */
export class ProvenEnd {
  readonly #files: FileSet
  /** The last one found, and the trim offset of its file then. */
  #last: (SequencedPlace & { readonly trimOffset: number }) | undefined
  /** Where the last look came to what is no block, and the file's end then. */
  #stuck: { readonly place: Place; readonly end: number } | undefined

  constructor(files: FileSet) {
    this.#files = files
  }

  /** `indexes` are the data files that are there, ascending. Undefined where nothing was ever laid down. */
  async find(indexes: readonly number[]): Promise<SequencedPlace | undefined> {
    let isLast = true
    for (const index of [...indexes].reverse()) {
      // Another file may have taken its place.
      await this.#files.forget(index)
      if (!(await this.#files.isUsed(index))) continue
      const found = await this.#files.with(index, (open) => this.#inFile(open, { isLast, isOnly: indexes.length === 1 }))
      if (found) return found
      // The one that has another behind it was closed, and synced before that one was made.
      isLast = false
    }
    return undefined
  }

  async #inFile(open: OpenFile, standing: Standing): Promise<SequencedPlace | undefined> {
    await open.refresh()
    if (open.headerFault) throw open.headerFault
    const close = standing.isLast ? undefined : await readClose(open, this.#files.identity.storeSeed)
    if (close && !close.continues) return { index: open.index, position: open.end, sequence: close.sequence }
    return this.#walk(open, standing)
  }

  async #walk(open: OpenFile, { isLast, isOnly }: Standing): Promise<SequencedPlace | undefined> {
    const { index, header } = open
    const { trimOffset, sequence } = header
    const known = this.#last?.index === index && this.#last.trimOffset === trimOffset ? this.#last : undefined
    const beginning = unprovenIn(open).group === undefined ? { index, position: trimOffset, sequence } : undefined
    const window = new FileWindow(open, HEADER_CHUNK)
    const cursor = new BlockCursor(window, this.#files.identity.storeSeed, known?.position)
    let durable = isLast ? 0 : Number.MAX_SAFE_INTEGER
    let proven: SequencedPlace | undefined = known ?? beginning
    let last: PlacedBlock | undefined
    /** Ends of groups, of which nothing proves so far that they are durable. */
    let ends: SequencedPlace[] = []
    for (let block = await cursor.next(); block; block = await cursor.next()) {
      last = block
      const { continues, durablePosition, sequence, count } = block.header
      durable = Math.max(durable, durablePosition)
      proven = ends.filter(({ position }) => position <= durable).at(-1) ?? proven
      ends = ends.filter(({ position }) => position > durable)
      if (!continues) ends.push({ index, position: block.end, sequence: sequence + count })
    }
    await this.#refuseDamage(window, cursor.position)
    // Before its first block, a file's header need not be durable, unless all files before it are gone.
    if (!known && !last && isLast && !(isOnly && index > 0)) return undefined
    if (isLast && proven) this.#last = { ...proven, trimOffset }
    const isClosed = last?.header.close && !last.header.continues
    return (isLast && !isClosed ? proven : (ends.at(-1) ?? proven)) ?? this.#beforeGroup(open)
  }

  /** Where the group began that the file is in the middle of. */
  async #beforeGroup({ header }: OpenFile): Promise<SequencedPlace | undefined> {
    const { index, position } = header.groupStart
    const { storeSeed } = this.#files.identity
    const block = await this.#files.with(index, (open) => new BlockCursor(new FileWindow(open, HEADER_CHUNK), storeSeed, position).next())
    return block && { index, position, sequence: block.header.sequence }
  }

  /** `CORRUPT` where there is no block at a place that a block behind it says was durable. Looked for only where the file grew, and is stuck at the same place. */
  async #refuseDamage(window: FileWindow, position: number): Promise<void> {
    const { open } = window
    const before = this.#stuck
    this.#stuck = position < open.end ? { place: { index: open.index, position }, end: open.end } : undefined
    if (!before || before.place.index !== open.index || before.place.position !== position || before.end === open.end) return
    const proof = await findHeader(
      window,
      position + 1,
      this.#files.identity.storeSeed,
      ({ durablePosition }) => durablePosition > position,
    )
    if (!proof) return
    throw new VarveError(
      'CORRUPT',
      `copy ${open.name}: the block at position ${position} is damaged; what is before it has been copied. verify tells all that is damaged`,
    )
  }
}
