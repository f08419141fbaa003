/** Whole numbers from 0 up to, and without, `limit`. */
export type Random = (limit: number) => number

/** Numbers that look random, and are the same ones for the same seed on every platform: so that a test can be run again as it was. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}
