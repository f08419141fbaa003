import { platform } from '#platform'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { MiB } from '../options.js'

// The slack lets four records of 256 KiB, or one of 1 MiB, fill a slab instead of wasting a quarter or half of it.
const LARGEST_SLAB = MiB + 4096
const IDLE_SLABS = 4

/**
 * The memory that gathers items: slabs that are used again and again, as fresh memory costs more than to fill it. They have one size, but for larger records a multiple of it. Never more than `limit`
 * bytes are out or wait to be used again.
 */
export class SlabPool {
  readonly slabSize: number
  readonly limit: number
  readonly #maxBufferSize: number
  #held = 0
  /** What waits to be used again, the newest first, as the processor has that at hand. */
  readonly #idle: Uint8Array[] = []
  #idleBytes = 0

  constructor(maxBufferSize: number) {
    this.slabSize = Math.min(LARGEST_SLAB, maxBufferSize)
    this.limit = 2 * maxBufferSize
    this.#maxBufferSize = maxBufferSize
  }

  /** Bytes of the slabs that are out. */
  get held(): number {
    return this.#held
  }

  /** What a slab weighs that has room for a block header and a record of `bytes`, which together are no more than the buffer holds. */
  sizeFor(bytes: number): number {
    return Math.min(Math.ceil((bytes + BLOCK_HEADER_BYTES) / this.slabSize) * this.slabSize, this.#maxBufferSize)
  }

  /** Whether a slab of `size` keeps within the limit. */
  hasRoomFor(size: number): boolean {
    return this.#held + size <= this.limit
  }

  /** A slab of `size`, for which there is room. */
  take(size: number): Uint8Array {
    const slab = this.#takeIdle(size) ?? this.#allocate(size)
    // Only now: the runtime may have no memory to give.
    this.#held += size
    return slab
  }

  give(slab: Uint8Array): void {
    this.#held -= slab.length
    this.#idle.unshift(slab)
    this.#idleBytes += slab.length
  }

  /** Lets go of what a burst left behind. */
  trim(): void {
    this.#keepIdle(IDLE_SLABS * this.slabSize)
  }

  #takeIdle(size: number): Uint8Array | undefined {
    const at = this.#idle.findIndex((slab) => slab.length === size)
    if (at < 0) return undefined
    this.#idleBytes -= size
    return this.#idle.splice(at, 1)[0]
  }

  #allocate(size: number): Uint8Array {
    // What is idle and of another size makes way: it counts as memory too.
    this.#keepIdle(this.limit - this.#held - size)
    return platform.allocateSlab(size)
  }

  #keepIdle(most: number): void {
    while (this.#idleBytes > most) this.#idleBytes -= (this.#idle.pop() as Uint8Array).length
  }
}
