const POOL_BYTES = 8 * 1024 * 1024
const MAX_VIEWS = 65_536

/** A small, fast generator of pseudorandom 32-bit numbers (xorshift): the same seed gives the same numbers everywhere. */
export function seededNumbers(seed: number): () => number {
  let state = seed >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

/**
 * Items of one size with bytes that do not compress, the same in every process. Item `n` is a view into a pool made
 * beforehand, so that giving one out costs next to nothing beside what is measured. They are of the kind of array that all contenders take.
 */
export class SeededItems {
  static readonly #made = new Map<number, SeededItems>()

  readonly size: number
  readonly #views: Buffer[]

  /** The items of a size, made once a process. */
  static of(size: number): SeededItems {
    const items = SeededItems.#made.get(size) ?? new SeededItems(size)
    SeededItems.#made.set(size, items)
    return items
  }

  constructor(size: number) {
    this.size = size
    const next = seededNumbers(0x5eed)
    const words = new Uint32Array(Math.max(POOL_BYTES, size * 4) / 4)
    for (let n = 0; n < words.length; n++) words[n] = next()
    const last = words.byteLength - size
    this.#views = Array.from({ length: MAX_VIEWS }, () => Buffer.from(words.buffer, next() % (last + 1), size))
  }

  get(n: number): Buffer {
    return this.#views[n % MAX_VIEWS]!
  }

  /** Items `from` up to, not including, `to`. */
  slice(from: number, to: number): Buffer[] {
    const slice: Buffer[] = []
    for (let n = from; n < to; n++) slice.push(this.get(n))
    return slice
  }
}
