import { expect, test } from 'vitest'
import { isZero } from '../src/read/is-zero.js'

test('one byte that is not zero is found wherever it stands, and none outside of what is asked about', () => {
  for (let from = 0; from < 8; from++) {
    for (let length = 0; length < 20; length++) {
      const memory = new Uint8Array(32).fill(1)
      const bytes = memory.subarray(from, from + length).fill(0)
      expect(isZero(bytes)).toBe(true)
      for (let at = 0; at < length; at++) {
        bytes[at] = 0x80
        expect(isZero(bytes)).toBe(false)
        bytes[at] = 0
      }
    }
  }
})
