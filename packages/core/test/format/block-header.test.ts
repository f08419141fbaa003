import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  type BlockHeader,
  type BlockPlace,
  encodeBlockHeader,
  readBlockHeader,
  writeBlockHeader,
} from '../../src/format/block-header.js'
import { blockSeedOf } from '../../src/format/checksum.js'
import { amid, eachBitFlip, fromHex, hex } from '../hex.js'
import { int32, signedCrc32 } from '../signed-crc32.js'

const storeSeed = 0xb225246f | 0
const place: BlockPlace = { storeSeed, index: 2, position: 300 }
const header: BlockHeader = {
  continues: true,
  close: false,
  length: 27,
  count: 3,
  sequence: 0x1122334455,
  timestamp: 1_700_000_000_000,
  durablePosition: 100,
  digest: 0xdeadbeef | 0,
}
const close: BlockHeader = {
  continues: false,
  close: true,
  length: 0,
  count: 0,
  sequence: 5,
  timestamp: 1_700_000_000_000,
  durablePosition: 300,
  digest: storeSeed,
}

const golden =
  '56 42 4c 4b 01 00 00 00 1b 00 00 00 03 00 00 00 55 44 33 22 11 00 00 00 00 68 e5 cf 8b 01 00 00 64 00 00 00 ef be ad de dd 2a d2 a9'
const goldenClose =
  '56 42 4c 4b 02 00 00 00 00 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 00 68 e5 cf 8b 01 00 00 2c 01 00 00 6f 24 25 b2 e8 9e ae bc'

/** A header with some bytes changed and a checksum that fits them: what a forger could make. */
function forged(base: BlockHeader, change: (view: DataView) => void, where = place): Uint8Array {
  const bytes = encodeBlockHeader(base, where)
  const view = new DataView(bytes.buffer)
  change(view)
  view.setInt32(40, signedCrc32(bytes.subarray(0, 40), blockSeedOf(where.storeSeed, where.index, where.position)), true)
  return bytes
}

describe("a block's header", () => {
  test('is these 44 bytes', () => {
    expect(hex(encodeBlockHeader(header, place))).toBe(golden)
    expect(hex(encodeBlockHeader(close, place))).toBe(goldenClose)
  })

  test('begins with VBLK', () => {
    expect(new TextDecoder().decode(encodeBlockHeader(header, place).subarray(0, 4))).toBe('VBLK')
    expect(BLOCK_MAGIC).toBe(0x4b4c4256)
  })

  test('is read from these bytes, wherever they lie', () => {
    expect(readBlockHeader(fromHex(golden), 0, place)).toEqual(header)
    expect(readBlockHeader(amid(fromHex(golden), 7), 7, place)).toEqual(header)
    expect(readBlockHeader(amid(fromHex(goldenClose), 60).subarray(9), 51, place)).toEqual(close)
  })

  test('is written where it is told to, and nowhere else', () => {
    const target = new Uint8Array(100).fill(0xee)
    writeBlockHeader(target.subarray(10), 3, header, place)
    expect(hex(target.subarray(13, 57))).toBe(golden)
    expect(target.subarray(0, 13).every((byte) => byte === 0xee)).toBe(true)
    expect(target.subarray(57).every((byte) => byte === 0xee)).toBe(true)
  })

  test('comes back as it was, whatever it says', () => {
    const uint32 = fc.nat(2 ** 32 - 1)
    const counts = fc.integer({ min: 1, max: Math.floor((2 ** 32 - 1) / 9) })
    const headers = counts.chain((count) =>
      fc.record({
        continues: fc.boolean(),
        close: fc.constant(false),
        length: fc.integer({ min: 9 * count, max: 2 ** 32 - 1 }),
        count: fc.constant(count),
        sequence: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - count }),
        timestamp: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        durablePosition: uint32,
        digest: int32,
      }),
    )
    fc.assert(
      fc.property(headers, uint32, uint32, fc.nat(2 ** 32 - 1), (random, seed, index, room) => {
        const where = { storeSeed: seed, index, position: Math.max(room, random.durablePosition) }
        expect(readBlockHeader(encodeBlockHeader(random, where), 0, where)).toEqual(random)
        const closing = { ...random, close: true, length: 0, count: 0 }
        expect(readBlockHeader(encodeBlockHeader(closing, where), 0, where)).toEqual(closing)
      }),
    )
  })

  test.each([
    ['an empty record would not fit less', { count: 1, length: 9 }],
    ['the longest', { count: 1, length: 2 ** 32 - 1 }],
    ['the most records', { count: 477_218_588, length: 2 ** 32 - 1 }],
    ['the first sequence and time', { sequence: 0, timestamp: 0 }],
    ['the last sequence and time', { sequence: Number.MAX_SAFE_INTEGER - 3, timestamp: Number.MAX_SAFE_INTEGER }],
    ['nothing before it is durable', { durablePosition: 0 }],
    ['everything before it is durable', { durablePosition: 300 }],
    ['a digest of zeros', { digest: 0 }],
    ['a digest of ones', { digest: -1 }],
    ['a group that ends', { continues: false }],
  ])('may say at the edge: %s', (_, edge) => {
    const said = { ...header, ...edge }
    expect(readBlockHeader(encodeBlockHeader(said, place), 0, place)).toEqual(said)
  })

  test('may say that some of its records are lost ones', () => {
    const said = { ...header, losses: true }
    const bytes = encodeBlockHeader(said, place)
    expect(hex(bytes.subarray(4, 8))).toBe('05 00 00 00')
    expect(readBlockHeader(bytes, 0, place)).toEqual(said)
  })

  test('may close a file within a group', () => {
    const said = { ...close, continues: true }
    expect(readBlockHeader(encodeBlockHeader(said, place), 0, place)).toEqual(said)
  })
})

describe('no header is read', () => {
  test('when any bit is flipped', () => {
    for (const bytes of [fromHex(golden), fromHex(goldenClose)]) {
      for (const { at, bit, flipped } of eachBitFlip(bytes)) {
        expect(readBlockHeader(flipped, 0, place), `byte ${at} bit ${bit}`).toBeUndefined()
      }
    }
  })

  test('when it stands in another store, file or position', () => {
    const bytes = fromHex(golden)
    expect(readBlockHeader(bytes, 0, { ...place, storeSeed: storeSeed + 1 })).toBeUndefined()
    expect(readBlockHeader(bytes, 0, { ...place, index: 3 })).toBeUndefined()
    expect(readBlockHeader(bytes, 0, { ...place, position: 301 })).toBeUndefined()
    // Nor where index and position have changed places.
    expect(readBlockHeader(bytes, 0, { ...place, index: 300, position: 2 })).toBeUndefined()
  })

  test('where fewer than 44 bytes are left', () => {
    const bytes = fromHex(golden)
    for (let length = 0; length < BLOCK_HEADER_BYTES; length++) expect(readBlockHeader(bytes.subarray(0, length), 0, place)).toBeUndefined()
    expect(readBlockHeader(amid(bytes, 7, 0), 8, place)).toBeUndefined()
  })

  test('from zeros', () => {
    expect(readBlockHeader(new Uint8Array(BLOCK_HEADER_BYTES), 0, place)).toBeUndefined()
  })

  test('from other magic bytes with a right checksum', () => {
    expect(
      readBlockHeader(
        forged(header, (view) => view.setUint8(3, 0x4c)),
        0,
        place,
      ),
    ).toBeUndefined()
  })

  test.each([
    ['with the lowest unknown flag', header, (view: DataView) => view.setUint32(4, 8, true)],
    ['that closes a file and has lost records', close, (view: DataView) => view.setUint32(4, 6, true)],
    ['with the highest unknown flag', header, (view: DataView) => view.setUint32(4, 0x80000001, true)],
    ['with no records', header, (view: DataView) => view.setUint32(12, 0, true)],
    ['with no bytes', header, (view: DataView) => view.setUint32(8, 0, true)],
    ['with fewer bytes than its records need', header, (view: DataView) => view.setUint32(8, 26, true)],
    ['with more records than its bytes can hold', header, (view: DataView) => view.setUint32(12, 4, true)],
    ['that closes a file and has bytes', close, (view: DataView) => view.setUint32(8, 9, true)],
    ['that closes a file and has records', close, (view: DataView) => view.setUint32(12, 1, true)],
    ['that closes a file and has both', close, (view: DataView) => [view.setUint32(8, 9, true), view.setUint32(12, 1, true)]],
    ['whose durable position is behind it', header, (view: DataView) => view.setUint32(32, 301, true)],
    ['whose sequence is no exact number', header, (view: DataView) => view.setBigUint64(16, 2n ** 53n, true)],
    ['whose last sequence is no exact number', header, (view: DataView) => view.setBigUint64(16, 2n ** 53n - 3n, true)],
    ['whose sequence is as large as can be', header, (view: DataView) => view.setBigUint64(16, 2n ** 64n - 1n, true)],
    ['whose time is no exact number', header, (view: DataView) => view.setBigUint64(24, 2n ** 53n, true)],
    ['whose time is as large as can be', header, (view: DataView) => view.setBigUint64(24, 2n ** 64n - 1n, true)],
  ])('from one %s, even with a right checksum', (_, base, change) => {
    expect(
      readBlockHeader(
        forged(base, () => undefined),
        0,
        place,
      ),
    ).toEqual(base)
    expect(readBlockHeader(forged(base, change), 0, place)).toBeUndefined()
  })
})
