import { seededRandom } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { jointChecksum, writeRecord } from '../../src/format/record.js'
import { shiftCrc32 } from '../../src/platform/crc32-shift.js'
import { signedCrc32 } from '../signed-crc32.js'

describe('the checksum of two pieces from those of each', () => {
  test.each([0, 1, 2, 3, 7, 8, 100, 255, 256, 1023, 4096, 65_537, 3_000_000])('where the second one has %i bytes', (length) => {
    const random = seededRandom(length + 1)
    const first = Uint8Array.from({ length: 33 }, () => random(256))
    const second = new Uint8Array(length).map(() => random(256))
    const together = signedCrc32(Buffer.concat([first, second]))
    // Twice and thrice: what is asked for again is answered from a table of its own.
    for (let n = 0; n < 3; n++) expect(shiftCrc32(signedCrc32(first), length) ^ signedCrc32(second)).toBe(together)
  })
})

describe('one checksum over many records', () => {
  const sizes = [1, 5, 100, 100, 100, 2, 1024, 1024, 7, 40_000, 3]
  const run = (): { bytes: Uint8Array; expected: number } => {
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size + 8, 0))
    const random = seededRandom(5)
    let joint = 0
    let at = 0
    for (const size of sizes) {
      const crc = writeRecord(
        bytes,
        at,
        new Uint8Array(size).map(() => random(256)),
        99,
      )
      joint = jointChecksum(joint, size, crc, 99)
      at += size + 8
    }
    return { bytes, expected: joint }
  }

  test('is what their own checksums say', () => {
    const { bytes, expected } = run()
    expect(signedCrc32(bytes)).toBe(expected)
  })

  test('is another one where any bit of any payload is flipped', () => {
    const { bytes, expected } = run()
    let at = 0
    for (const size of sizes) {
      for (const byte of [at + 8, at + 8 + (size >> 1), at + 8 + size - 1]) {
        for (let bit = 0; bit < 8; bit++) {
          bytes[byte]! ^= 1 << bit
          expect(signedCrc32(bytes)).not.toBe(expected)
          bytes[byte]! ^= 1 << bit
        }
      }
      at += size + 8
    }
  })
})
