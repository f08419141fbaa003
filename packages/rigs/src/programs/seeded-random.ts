/** Whole numbers below `limit`: the same ones for the same seed. */
export type Random = (limit: number) => number

export function seededRandom(seed: number): Random {
  let state = seed | 0
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random(choices.length)] as T
}
