import fc from 'fast-check'
import type { StoreSettings } from '../programs/program.js'

/** How calls wait and overlap: in half of all commands not at all. */
export const pace = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1_000_000 }))

/** Bytes of an item: mostly small, now and then larger than a buffer. */
export const size = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 90 }) },
  { weight: 1, arbitrary: fc.integer({ min: 90, max: 350 }) },
)

export const sizes = fc.array(size, { minLength: 1, maxLength: 6 })

/** One of what there is, counted round. */
export const choice = fc.nat(40)

export const settings: fc.Arbitrary<StoreSettings> = fc
  .record({
    maxFileSize: fc.constantFrom(512, 700, 1100),
    maxBufferSize: fc.constantFrom(128, 200, 350),
    maxBufferItems: fc.constantFrom(1, 3, 1000),
    durability: fc.constantFrom('sync' as const, 'os' as const),
  })
  .map((chosen) => ({ ...chosen, flushInterval: 1000, timeout: 5000, concurrency: 2 }))

/** The n-th, counted round. */
export function around<T>(choices: readonly T[], n: number): T | undefined {
  return choices[n % choices.length]
}
