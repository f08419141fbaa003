import { deflateRawSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { SeededItems } from '../src/seeded-items.js'

it('gives every process the same items', () => {
  const [first, second] = [new SeededItems(100), new SeededItems(100)]
  for (const n of [0, 1, 65_535, 65_536, 1_000_000]) expect(first.get(n)).toEqual(second.get(n))
})

it('gives different items of the size asked for, that do not compress', () => {
  const items = new SeededItems(1024)
  expect(items.get(0)).toHaveLength(1024)
  expect(items.get(0)).not.toEqual(items.get(1))
  expect(deflateRawSync(items.get(7)).length).toBeGreaterThan(1000)
})
