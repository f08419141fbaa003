import { BlockCursor, type PlacedBlock } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import type { FileWindow } from './file-window.js'

/** Where the group began that is open at a place: a position in the same file; undefined where none is open. */
export type OpenGroup = number | 'earlier file' | undefined

/** A place at which a block should begin. */
export interface BlockStart {
  readonly position: number
  readonly group: OpenGroup
}

/**
 * The blocks of a file, in order, of which no later one says that they were durable. Only their places are kept: a file may have
 * millions of small ones.
 */
export class UnprovenBlocks {
  /** Everything before it was durable when some block behind it was written. */
  durablePosition: number
  /** The group that is open behind the last block. */
  group: OpenGroup
  readonly #positions: number[] = []
  readonly #groups: OpenGroup[] = []
  #first = 0

  constructor(durablePosition: number, group: OpenGroup) {
    this.durablePosition = durablePosition
    this.group = group
  }

  add({ position, header }: PlacedBlock): void {
    this.#positions.push(position)
    this.#groups.push(this.group)
    this.group = header.continues ? (this.group ?? position) : undefined
    if (header.durablePosition > this.durablePosition) this.prove(header.durablePosition)
  }

  /** Takes out what lies before a place that was durable. */
  prove(position: number): void {
    this.durablePosition = position
    while (this.#first < this.#positions.length && (this.#positions[this.#first] as number) < position) this.#first++
  }

  /** The first of them that is not valid. */
  async firstInvalid(window: FileWindow, storeSeed: number): Promise<BlockStart | undefined> {
    const cursor = new BlockCursor(window, storeSeed)
    for (let n = this.#first; n < this.#positions.length; n++) {
      cursor.position = this.#positions[n] as number
      const block = await cursor.next()
      if (!block || !(await isBlockValid(window, block, storeSeed)))
        return { position: this.#positions[n] as number, group: this.#groups[n] }
    }
    return undefined
  }
}
