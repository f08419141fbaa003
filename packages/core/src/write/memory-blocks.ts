import { Fifo } from '../fifo.js'
import type { Block } from './block.js'

/** The sealed blocks that are not yet readable from their file, in order. */
export class MemoryBlocks {
  readonly #blocks = new Fifo<Block>()

  get length(): number {
    return this.#blocks.length
  }

  push(block: Block): void {
    this.#blocks.push(block)
  }

  /** Lets go of the first one. */
  shift(): void {
    this.#blocks.shift()
  }

  /** The block that holds the position, or undefined. */
  find(index: number, position: number): Block | undefined {
    const block = this.firstFrom(index, position)
    return block && block.index === index && block.position <= position ? block : undefined
  }

  /** The first block that ends behind the position. */
  firstFrom(index: number, position: number): Block | undefined {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const block = this.#blocks.at(middle) as Block
      if (block.index < index || (block.index === index && block.end <= position)) low = middle + 1
      else high = middle
    }
    return this.#blocks.at(low)
  }

  *[Symbol.iterator](): Iterator<Block> {
    yield* this.#blocks
  }
}
