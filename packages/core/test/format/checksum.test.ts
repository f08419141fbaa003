import fc from 'fast-check'
import { expect, test } from 'vitest'
import { blockSeedOf, storeSeedOf } from '../../src/format/checksum.js'
import { signedCrc32 } from '../signed-crc32.js'

const storeId = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at)
const uint32 = fc.nat(2 ** 32 - 1)

test("the store seed is the CRC-32 of the store's id", () => {
  expect(storeSeedOf(storeId)).toBe(0xb225246f | 0)
})

test('the block seed goes on from the store seed with index and position, little-endian', () => {
  expect(blockSeedOf(0xb225246f, 0, 0)).toBe(0x6a7dbf00)
  expect(blockSeedOf(0xb225246f, 2, 300)).toBe(0xc37ec2cc | 0)
  expect(blockSeedOf(0xb225246f, 2 ** 32 - 1, 2 ** 32 - 1)).toBe(0x2e1bbf75)
})

test('both are what zlib makes of the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), uint32, uint32, (id, index, position) => {
      const place = Buffer.alloc(8)
      place.writeUInt32LE(index, 0)
      place.writeUInt32LE(position, 4)
      expect(storeSeedOf(id)).toBe(signedCrc32(id))
      expect(blockSeedOf(storeSeedOf(id), index, position)).toBe(signedCrc32(place, signedCrc32(id)))
    }),
  )
})

test('another index, position or store is another seed', () => {
  const seeds = new Set([
    blockSeedOf(0xb225246f, 1, 2),
    blockSeedOf(0xb225246f, 2, 1),
    blockSeedOf(0xb225246f, 1, 1),
    blockSeedOf(0xb225246f, 2, 2),
    blockSeedOf(0xb225246e, 1, 2),
  ])
  expect(seeds.size).toBe(5)
})
