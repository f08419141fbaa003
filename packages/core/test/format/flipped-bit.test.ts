import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { correctBlockHeader, encodeBlockHeader } from '../../src/format/block-header.js'
import { correctFileHeader, decodeFileHeader, encodeFileHeader } from '../../src/format/file-header.js'
import { FlippedBits, flipped } from '../../src/format/flipped-bit.js'
import { amid, eachBitFlip, hex } from '../hex.js'

const storeId = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at)

describe('one flipped bit', () => {
  test('is found by what it did to the checksum, whatever the bytes and the seed are', () => {
    const bits = new FlippedBits(12)
    for (const [seed, first] of [
      [0, 0],
      [0xb225246f, 77],
    ] as const) {
      const bytes = Uint8Array.from({ length: 12 }, (_, n) => first * n)
      const crc = crc32(bytes, seed)
      for (const { at, bit, flipped: damaged } of eachBitFlip(bytes)) {
        expect(bits.find(crc32(damaged, seed) ^ crc)).toEqual({ byte: at, bit: 1 << bit })
      }
      // A flip of the checksum itself.
      for (let bit = 0; bit < 32; bit++) {
        expect(bits.find(crc ^ (crc ^ (1 << bit)))).toEqual({ byte: 12 + (bit >>> 3), bit: 1 << (bit & 7) })
      }
    }
  })

  test('is not found where nothing was flipped, or two bits were', () => {
    const bits = new FlippedBits(12)
    expect(bits.find(0)).toBeUndefined()
    const bytes = new Uint8Array(12)
    const crc = crc32(bytes)
    for (const { flipped: once } of eachBitFlip(bytes)) {
      for (const { flipped: twice } of eachBitFlip(once)) {
        const place = bits.find(crc32(twice) ^ crc)
        expect(place, hex(twice)).toBeUndefined()
      }
    }
  })

  test('is flipped back in a copy', () => {
    const bytes = Uint8Array.of(1, 2, 3)
    expect(flipped(bytes, { byte: 1, bit: 0x80 })).toEqual(Uint8Array.of(1, 0x82, 3))
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3))
  })
})

describe('a header with one flipped bit', () => {
  const place = { storeSeed: 0xb225246f, index: 2, position: 300 }
  const blockHeader = {
    continues: true,
    close: false,
    length: 27,
    count: 3,
    sequence: 5,
    timestamp: 1_700_000_000_000,
    durablePosition: 100,
    digest: 7,
  }
  const fileHeader = {
    genesis: new TextEncoder().encode('VARV'),
    storeId,
    index: 7,
    trimOffset: 1,
    sequence: 3,
    groupStart: { index: 6, position: 9 },
    dropped: false,
  }

  test('of a block is what it was, wherever the bit is', () => {
    for (const { at, bit, flipped: damaged } of eachBitFlip(encodeBlockHeader(blockHeader, place))) {
      expect(correctBlockHeader(amid(damaged, 9), 9, place), `byte ${at} bit ${bit}`).toEqual(blockHeader)
    }
  })

  test('of a file is what it was, wherever the bit is', () => {
    for (const { at, bit, flipped: damaged } of eachBitFlip(encodeFileHeader(fileHeader))) {
      expect(correctFileHeader(amid(damaged, 0)), `byte ${at} bit ${bit}`).toEqual(fileHeader)
    }
  })

  test('is not guessed from two flipped bits, another place, or too few bytes', () => {
    const block = encodeBlockHeader(blockHeader, place)
    const file = encodeFileHeader(fileHeader)
    for (const { flipped: once } of eachBitFlip(block)) {
      const twice = flipped(once, { byte: 17, bit: 4 })
      if (hex(twice) !== hex(block)) expect(correctBlockHeader(twice, 0, place)).toBeUndefined()
    }
    for (const { flipped: once } of eachBitFlip(file)) {
      const twice = flipped(once, { byte: 17, bit: 4 })
      if (hex(twice) !== hex(file)) expect(correctFileHeader(twice)).toBeUndefined()
    }
    expect(correctBlockHeader(block, 0, { ...place, position: 301 })).toBeUndefined()
    expect(correctBlockHeader(block, 1, place)).toBeUndefined()
    expect(correctFileHeader(file.subarray(0, 63))).toBeUndefined()
  })

  test('is not guessed where what would come out is no header all the same', () => {
    // A newer version with a checksum that fits: flipping a bit of that leads to nothing this version knows.
    const newer = encodeFileHeader(fileHeader)
    const view = new DataView(newer.buffer)
    view.setUint16(8, 6, true)
    view.setUint32(60, crc32(newer.subarray(0, 60)), true)
    for (const { flipped: damaged } of eachBitFlip(newer)) {
      const corrected = correctFileHeader(damaged)
      expect(corrected).toBeUndefined()
    }
    expect(decodeFileHeader(newer)).toBe('version')
  })
})
