import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addToDigest,
  isRecordIntact,
  lostChecksum,
  RECORD_HEADER_BYTES,
  readUint32,
  recordSeed,
  recordState,
  stateOf,
  storedChecksum,
  writeRecord,
  writeRecordHeader,
} from '../../src/format/record.js'
import { amid, eachBitFlip, fromHex, hex } from '../hex.js'
import { int32, signedCrc32 } from '../signed-crc32.js'

const storeSeed = 0xb225246f | 0
const varve = new TextEncoder().encode('varve')

function framed(data: Uint8Array, seed = storeSeed): Uint8Array {
  const target = new Uint8Array(RECORD_HEADER_BYTES + data.length)
  writeRecord(target, 0, data, seed)
  return target
}

function isIntact(record: Uint8Array, at = 0, seed = storeSeed): boolean {
  return isRecordIntact(record, at, readUint32(record, at), seed)
}

describe('a record', () => {
  test('is the size, the checksum and the payload', () => {
    expect(hex(framed(varve))).toBe('05 00 00 00 ed a5 3f 7e 76 61 72 76 65')
    expect(hex(framed(Uint8Array.of(0)))).toBe('01 00 00 00 69 4e 05 27 00')
  })

  test('has the checksum that zlib makes of the size and the payload, started from the store seed', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 200, max: 300 }), fc.integer({ min: 1000, max: 70_000 }))
    fc.assert(
      fc.property(sizes, int32, fc.nat(255), fc.nat(20), (size, seed, first, at) => {
        const data = Uint8Array.from({ length: size }, (_, n) => first + n * 7)
        const length = Buffer.alloc(4)
        length.writeUInt32LE(size)
        const crc = signedCrc32(data, signedCrc32(length, seed))
        const target = new Uint8Array(at + RECORD_HEADER_BYTES + size)
        expect(writeRecord(target, at, data, seed)).toBe(crc)
        expect(readUint32(target, at)).toBe(size)
        expect(storedChecksum(target, at)).toBe(crc)
        expect(Buffer.compare(target.subarray(at + RECORD_HEADER_BYTES), data)).toBe(0)
        expect(isRecordIntact(target, at, size, seed)).toBe(true)
        expect(signedCrc32(data, recordSeed(size, seed))).toBe(crc)
      }),
    )
  })

  test('is written where it is told to, and nowhere else', () => {
    const target = new Uint8Array(5 + 13 + 5).fill(0xee)
    writeRecord(target, 5, varve, storeSeed)
    expect(target).toEqual(amid(framed(varve), 5))
    expect(isIntact(target, 5)).toBe(true)
  })

  test('is written and checked in the same way in a part of a larger buffer', () => {
    const part = new Uint8Array(100).fill(0xee).subarray(3, 50)
    writeRecord(part, 4, varve, storeSeed)
    expect(hex(part.subarray(4, 17))).toBe(hex(framed(varve)))
    expect(isIntact(part, 4)).toBe(true)
  })

  test('is recognised as damaged when any bit of it is flipped', () => {
    for (const { at, bit, flipped } of eachBitFlip(framed(varve))) {
      const size = readUint32(flipped, 0)
      // A size that leads out of the bytes at hand is refused before the checksum is looked at.
      const isAccepted = RECORD_HEADER_BYTES + size <= flipped.length && isRecordIntact(flipped, 0, size, storeSeed)
      expect(isAccepted, `byte ${at} bit ${bit}`).toBe(false)
    }
  })

  test('is recognised as damaged under any other size', () => {
    const target = amid(framed(new Uint8Array(40)), 0, 400)
    for (let size = 0; size <= 400; size++) expect(isRecordIntact(target, 0, size, storeSeed), `size ${size}`).toBe(size === 40)
  })

  test('does not pass in another store', () => {
    expect(isIntact(framed(varve, storeSeed ^ 1))).toBe(false)
  })

  test('takes the copy into its checksum, not a payload that is changed meanwhile', () => {
    let reads = 0
    const changing = new Proxy(varve, {
      get: (bytes, name) => {
        const value = Reflect.get(bytes, name, bytes)
        return name === '0' ? (value as number) + reads++ : typeof value === 'function' ? value.bind(bytes) : value
      },
    })
    const target = new Uint8Array(13)
    writeRecord(target, 0, changing, storeSeed)
    expect(isIntact(target)).toBe(true)
  })
})

describe('a record that a repair put in place of a lost one', () => {
  const lost = framed(varve)
  writeRecordHeader(lost, 0, 5, lostChecksum(storedChecksum(lost, 0)))

  test('has the complement of the checksum that an item would have', () => {
    expect(hex(lost)).toBe('05 00 00 00 12 5a c0 81 76 61 72 76 65')
    expect(lostChecksum(0)).toBe(-1)
    expect(lostChecksum(-1)).toBe(0)
  })

  test('is lost in a block that has lost records, and damaged in any other', () => {
    expect(recordState(lost, 0, 5, storeSeed, true)).toBe('lost')
    expect(recordState(lost, 0, 5, storeSeed, false)).toBe('damaged')
    expect(isIntact(lost)).toBe(false)
  })

  test('leaves those beside it what they are', () => {
    for (const hasLosses of [true, false]) {
      expect(recordState(amid(framed(varve), 3), 3, 5, storeSeed, hasLosses)).toBe('intact')
      expect(stateOf(7, 7, hasLosses)).toBe('intact')
      expect(stateOf(7, 8, hasLosses)).toBe('damaged')
    }
  })

  test('is damaged when any bit of it is flipped, and so is an item beside it', () => {
    for (const record of [lost, framed(varve)]) {
      for (const { at, bit, flipped } of eachBitFlip(record)) {
        const size = readUint32(flipped, 0)
        const state = RECORD_HEADER_BYTES + size <= flipped.length ? recordState(flipped, 0, size, storeSeed, true) : 'damaged'
        expect(state, `byte ${at} bit ${bit}`).toBe('damaged')
      }
    }
  })
})

describe("a record's header", () => {
  test('holds every unsigned 32-bit number as the size and every signed one as the checksum', () => {
    const target = new Uint8Array(10).fill(0xee)
    for (const [size, crc, bytes] of [
      [0, 0, '00 00 00 00 00 00 00 00'],
      [1, -1, '01 00 00 00 ff ff ff ff'],
      [0x7fffffff, -0x80000000, 'ff ff ff 7f 00 00 00 80'],
      [0xffffffff, 0x04030201, 'ff ff ff ff 01 02 03 04'],
    ] as const) {
      writeRecordHeader(target, 1, size, crc)
      expect(hex(target)).toBe(`ee ${bytes} ee`)
      expect(readUint32(target, 1)).toBe(size)
      expect(storedChecksum(target, 1)).toBe(crc)
    }
  })
})

describe("a block's digest", () => {
  test('is the checksum of the record headers in order, started from the store seed', () => {
    const records = [framed(varve), framed(Uint8Array.of(0))]
    const digest = records.reduce((sum, record) => addToDigest(sum, readUint32(record, 0), storedChecksum(record, 0)), storeSeed)
    expect(digest).toBe(0x720cc0c8 | 0)
    const headers = fromHex(records.map((record) => hex(record.subarray(0, 8))).join(' '))
    expect(digest).toBe(signedCrc32(headers, storeSeed))
  })

  test('differs when records change places', () => {
    const there = addToDigest(addToDigest(storeSeed, 1, 10), 2, 20)
    const back = addToDigest(addToDigest(storeSeed, 2, 20), 1, 10)
    expect(there).not.toBe(back)
  })
})
