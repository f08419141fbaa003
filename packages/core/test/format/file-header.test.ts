import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES, type FileHeader, hasFileMagic } from '../../src/format/file-header.js'
import { amid, eachBitFlip, fromHex, hex } from '../hex.js'

const storeId = Uint8Array.from({ length: 16 }, (_, at) => 0xa0 + at)
const genesis = new TextEncoder().encode('VARV')

const first: FileHeader = {
  genesis,
  storeId,
  index: 0,
  trimOffset: 0,
  sequence: 0,
  groupStart: { index: 0, position: 0 },
  dropped: false,
}
const full: FileHeader = {
  genesis: new TextEncoder().encode('test'),
  storeId,
  index: 7,
  trimOffset: 0x01020304,
  sequence: 0x11223344556677,
  groupStart: { index: 6, position: 0xfffefdfc },
  dropped: true,
}
const largest: FileHeader = {
  genesis: new Uint8Array(4).fill(0xff),
  storeId: new Uint8Array(16).fill(0xff),
  index: 2 ** 32 - 1,
  trimOffset: 2 ** 32 - 1,
  sequence: Number.MAX_SAFE_INTEGER,
  groupStart: { index: 2 ** 32 - 1, position: 2 ** 32 - 1 },
  dropped: true,
}

const goldenFirst =
  '89 56 41 52 56 45 0d 0a 01 00 40 00 56 41 52 56 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af ' +
  '00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 7d 5b db bb'
const goldenFull =
  '89 56 41 52 56 45 0d 0a 01 00 40 00 74 65 73 74 a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af ' +
  '07 00 00 00 04 03 02 01 77 66 55 44 33 22 11 00 06 00 00 00 fc fd fe ff 01 00 00 00 36 4d 4a 7e'
const goldenLargest =
  '89 56 41 52 56 45 0d 0a 01 00 40 00 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ' +
  'ff ff ff ff ff ff ff ff ff ff ff ff ff ff 1f 00 ff ff ff ff ff ff ff ff 01 00 00 00 97 b0 c9 66'

/** A header with some bytes changed and a checksum that fits them: what a forger, or another version, could make. */
function forged(change: (view: DataView) => void, base = full): Uint8Array {
  const bytes = encodeFileHeader(base)
  const view = new DataView(bytes.buffer)
  change(view)
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true)
  return bytes
}

describe("a data file's header", () => {
  test('is these 64 bytes', () => {
    expect(hex(encodeFileHeader(first))).toBe(goldenFirst)
    expect(hex(encodeFileHeader(full))).toBe(goldenFull)
    expect(hex(encodeFileHeader(largest))).toBe(goldenLargest)
  })

  test('is read from these bytes, wherever they lie and whatever follows', () => {
    expect(decodeFileHeader(fromHex(goldenFirst))).toEqual(first)
    expect(decodeFileHeader(amid(fromHex(goldenFull), 3).subarray(3))).toEqual(full)
    expect(decodeFileHeader(fromHex(goldenLargest))).toEqual(largest)
  })

  test('may say that the file lost something in a repair', () => {
    const said = { ...first, lost: true }
    const bytes = encodeFileHeader(said)
    expect(hex(bytes.subarray(56, 60))).toBe('02 00 00 00')
    expect(decodeFileHeader(bytes)).toEqual(said)
  })

  test('may say that its end was trimmed away, beside what was lost', () => {
    for (const [said, flags] of [
      [{ ...first, ended: true }, '04 00 00 00'],
      [{ ...first, lost: true, ended: true }, '06 00 00 00'],
    ] as const) {
      const bytes = encodeFileHeader(said)
      expect(hex(bytes.subarray(56, 60))).toBe(flags)
      expect(decodeFileHeader(bytes)).toEqual(said)
    }
  })

  test('gives copies: the bytes may change afterwards', () => {
    const bytes = fromHex(goldenFull)
    const header = decodeFileHeader(bytes)
    bytes.fill(0)
    expect(header).toEqual(full)
  })

  test('comes back as it was, whatever it says', () => {
    const uint32 = fc.nat(2 ** 32 - 1)
    const headers = uint32.chain((index) =>
      fc.record({
        genesis: fc.uint8Array({ minLength: 4, maxLength: 4 }),
        storeId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        index: fc.constant(index),
        trimOffset: uint32,
        sequence: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
        groupStart: fc.record({ index: fc.nat(index), position: uint32 }),
        dropped: fc.boolean(),
      }),
    )
    fc.assert(
      fc.property(headers, (header) => {
        expect(decodeFileHeader(encodeFileHeader(header))).toEqual(header)
      }),
    )
  })
})

describe('no header is read', () => {
  test('from fewer than 64 bytes', () => {
    for (let length = 0; length < FILE_HEADER_BYTES; length++) {
      expect(decodeFileHeader(fromHex(goldenFirst).subarray(0, length))).toBe('short')
    }
  })

  test('when any bit is flipped; only a flip of the magic is taken for another kind of file, and none for another version', () => {
    for (const golden of [goldenFirst, goldenFull, goldenLargest]) {
      for (const { at, bit, flipped } of eachBitFlip(fromHex(golden))) {
        expect(decodeFileHeader(flipped), `byte ${at} bit ${bit}`).toBe(at < 8 ? 'magic' : 'checksum')
      }
    }
  })

  test('from other magic bytes with a right checksum', () => {
    expect(decodeFileHeader(forged((view) => view.setUint8(0, 0x88)))).toBe('magic')
    expect(decodeFileHeader(forged((view) => view.setUint8(7, 0x0d)))).toBe('magic')
  })

  test('from zeros', () => {
    expect(decodeFileHeader(new Uint8Array(FILE_HEADER_BYTES))).toBe('magic')
  })

  test('of a newer version, wherever that keeps its checksum', () => {
    expect(decodeFileHeader(forged((view) => view.setUint16(8, 2, true)))).toBe('version')
    expect(decodeFileHeader(forged((view) => view.setUint16(8, 0xffff, true)))).toBe('version')
    const elsewhere = forged((view) => [view.setUint16(8, 2, true), view.setUint16(10, 96, true)])
    elsewhere.fill(0x77, 60)
    expect(decodeFileHeader(elsewhere)).toBe('version')
  })

  test('of version 0, which there never was', () => {
    expect(decodeFileHeader(forged((view) => view.setUint16(8, 0, true)))).toBe('checksum')
  })

  test.each([
    ['another header length', (view: DataView) => view.setUint16(10, 63, true)],
    ['the lowest unknown flag', (view: DataView) => view.setUint32(56, 8, true)],
    ['the flags of a dropped file and of one with losses at once', (view: DataView) => view.setUint32(56, 3, true)],
    ['the flags of a dropped file and of one whose end was trimmed away at once', (view: DataView) => view.setUint32(56, 5, true)],
    ['the highest unknown flag', (view: DataView) => view.setUint32(56, 0x80000001, true)],
    ['a sequence that is no exact number', (view: DataView) => view.setBigUint64(40, 2n ** 53n, true)],
    ['a sequence as large as can be', (view: DataView) => view.setBigUint64(40, 2n ** 64n - 1n, true)],
    ['a group that began in a later file', (view: DataView) => view.setUint32(48, 8, true)],
  ])('that has %s, even with a right checksum', (_, change) => {
    expect(decodeFileHeader(forged(() => undefined))).toEqual(full)
    expect(decodeFileHeader(forged(change))).toBe('fields')
  })
})

describe('the magic bytes', () => {
  test('tell a data file by its first 8 bytes', () => {
    expect(hasFileMagic(fromHex(goldenFirst))).toBe(true)
    expect(hasFileMagic(fromHex(goldenFirst).subarray(0, 8))).toBe(true)
    expect(hasFileMagic(fromHex(goldenFirst).subarray(0, 7))).toBe(false)
    expect(hasFileMagic(new Uint8Array(0))).toBe(false)
  })

  test('are broken by a copy that turns line ends about, or that drops the eighth bit', () => {
    const text = Buffer.from(fromHex(goldenFirst)).toString('latin1')
    for (const spoilt of [text.replaceAll('\r\n', '\n'), text.replaceAll('\n', '\r\n'), text.replaceAll('\r', '')]) {
      expect(hasFileMagic(Buffer.from(spoilt, 'latin1'))).toBe(false)
    }
    expect(hasFileMagic(fromHex(goldenFirst).map((byte) => byte & 0x7f))).toBe(false)
    expect(hasFileMagic(Buffer.from(Buffer.from(fromHex(goldenFirst)).toString('utf8')))).toBe(false)
  })
})
