import { platform } from '#platform'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { MiB } from '../options.js'

// The slack lets four records of 256 KiB, or one of 1 MiB, fill a slab instead of wasting a quarter or half of it.
const LARGEST_SLAB = MiB + 4096
const IDLE_SLABS = 4

/** The memory that gathers items: slabs of one size that are used again and again, and larger ones for larger records. Never more than `limit` bytes are out. */
export class SlabPool {
  readonly slabSize: number
  readonly limit: number
  #held = 0
  readonly #idle: Uint8Array[] = []

  constructor(maxBufferSize: number) {
    this.slabSize = Math.min(LARGEST_SLAB, maxBufferSize)
    this.limit = 2 * maxBufferSize
  }

  /** Bytes of the slabs that are out. */
  get held(): number {
    return this.#held
  }

  /** What a slab would weigh that has room for a record of `bytes` and a block header. */
  sizeFor(bytes: number): number {
    return Math.max(this.slabSize, bytes + BLOCK_HEADER_BYTES)
  }

  /** Whether a slab of `size` keeps within the limit. */
  hasRoomFor(size: number): boolean {
    return this.#held + size <= this.limit
  }

  /** A slab of `size`, for which there is room. */
  take(size: number): Uint8Array {
    if (size !== this.slabSize) {
      // Idle slabs make way: what waits here counts as memory too.
      while (this.#idle.length > 0 && this.#held + size + this.#idle.length * this.slabSize > this.limit) this.#idle.pop()
    }
    const slab = (size === this.slabSize ? this.#idle.pop() : undefined) ?? platform.allocateSlab(size)
    // Only now: the runtime may have no memory to give.
    this.#held += size
    return slab
  }

  give(slab: Uint8Array): void {
    this.#held -= slab.length
    if (slab.length === this.slabSize) this.#idle.push(slab)
  }

  /** Lets go of what a burst left behind. */
  trim(): void {
    this.#idle.length = Math.min(this.#idle.length, IDLE_SLABS)
  }
}
