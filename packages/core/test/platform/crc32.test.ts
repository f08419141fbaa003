import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32OfUint32, tableCrc32 } from '../../src/platform/crc32-table.js'
import { nodePlatform } from '../../src/platform/node.js'
import { portablePlatform } from '../../src/platform/portable.js'
import { int32, signedCrc32 } from '../signed-crc32.js'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

// Bytes that repeat nowhere within a few thousand, so that reading from a wrong place shows.
const noise = new Uint8Array(4096)
let state = 0x2545f491
for (let at = 0; at < noise.length; at++) {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  noise[at] = state
}

const seeds = [0, 1, 0x7fffffff, -0x80000000, 0xb225246f | 0, -1]

describe.each([
  ['node', nodePlatform],
  ['portable', portablePlatform],
])('the CRC-32 of the %s platform', (_, { crc32 }) => {
  test.each([
    ['nothing', '', 0],
    ['a letter', 'a', 0xe8b7be43],
    ['the digits that every CRC is checked with', '123456789', 0xcbf43926],
    ['a sentence', 'The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('is the known one for %s', (_, text, crc) => {
    expect(crc32(ascii(text), 0)).toBe(crc | 0)
  })

  test('is the known one for 32 zeros, 32 ones and 1 MiB of zeros', () => {
    expect(crc32(new Uint8Array(32), 0)).toBe(0x190a55ad)
    expect(crc32(new Uint8Array(32).fill(0xff), 0)).toBe(0xff6cab0b | 0)
    expect(crc32(new Uint8Array(1024 * 1024), 0)).toBe(0xa738ea1c | 0)
  })

  test('of nothing is what it continues from', () => {
    for (const seed of seeds) {
      expect(crc32(new Uint8Array(0), seed)).toBe(seed)
      expect(crc32(new Uint8Array(0), seed, 0, 0)).toBe(seed)
      expect(crc32(noise, seed, 300, 300)).toBe(seed)
    }
  })

  test("is zlib's for every length to 2000 from every offset to 8", () => {
    for (let length = 0; length <= 2000; length++) {
      const offset = length % 9
      const seed = seeds[length % seeds.length]!
      const expected = signedCrc32(noise.subarray(offset, offset + length), seed)
      if (crc32(noise, seed, offset, offset + length) !== expected) expect.fail(`length ${length}, offset ${offset}, seed ${seed}`)
    }
    for (let length = 0; length <= 40; length++) {
      for (let offset = 0; offset <= 8; offset++) {
        for (const seed of seeds) {
          const expected = signedCrc32(noise.subarray(offset, offset + length), seed)
          if (crc32(noise, seed, offset, offset + length) !== expected) expect.fail(`length ${length}, offset ${offset}, seed ${seed}`)
        }
      }
    }
  })

  test('goes to the end where no end is given, and starts at the first byte where no start is', () => {
    for (const length of [0, 3, 255, 256, 257, 2000]) {
      const bytes = noise.subarray(100, 100 + length)
      expect(crc32(bytes, 7)).toBe(signedCrc32(bytes, 7))
      expect(crc32(bytes, 7, Math.min(2, length))).toBe(signedCrc32(bytes.subarray(2), 7))
    }
  })

  test('knows nothing of the array that the bytes are a part of', () => {
    for (const length of [5, 255, 256, 1000]) {
      const part = noise.subarray(1001, 1001 + length)
      expect(crc32(part, 1, 3, length)).toBe(crc32(Uint8Array.from(part), 1, 3, length))
    }
  })

  test('takes a Buffer as it takes a Uint8Array', () => {
    const buffer = Buffer.from(noise.buffer, 17, 700)
    expect(crc32(buffer, 3, 5, 600)).toBe(signedCrc32(noise.subarray(22, 617), 3))
  })

  test('of a whole is that of its parts, each continued from the one before', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(noise.length), { maxLength: 6 }), int32, (cuts, seed) => {
        const places = [0, ...cuts.sort((a, b) => a - b), noise.length]
        const parts = places.slice(1).reduce((crc, end, n) => crc32(noise, crc, places[n], end), seed)
        expect(parts).toBe(signedCrc32(noise, seed))
      }),
    )
  })
})

test('the platforms agree on any bytes, start, end and seed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000, size: 'max' }), int32, fc.nat(3000), fc.nat(3000), (bytes, seed, a, b) => {
      const [start, end] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)]
      const crc = nodePlatform.crc32(bytes, seed, start, end)
      expect(portablePlatform.crc32(bytes, seed, start, end)).toBe(crc)
      expect(tableCrc32(bytes, seed, start, end)).toBe(crc)
      // Of an array without memory zlib knows nothing, not even the seed.
      expect(start === end ? seed : signedCrc32(bytes.subarray(start, end), seed)).toBe(crc)
    }),
  )
})

test('the CRC-32 of a number is that of its four bytes, lowest first', () => {
  const bytes = Buffer.alloc(4)
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), int32, (value, seed) => {
      bytes.writeUInt32LE(value)
      expect(crc32OfUint32(value, seed)).toBe(signedCrc32(bytes, seed))
    }),
    { examples: [0, 1, 0x7fffffff, 0x80000000, 0xffffffff].flatMap((value) => seeds.map((seed): [number, number] => [value, seed])) },
  )
})
