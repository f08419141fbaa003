import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkLocation,
  compareLocations,
  decodeLocation,
  encodeLocation,
  formatLocation,
  LOCATION_BYTES,
  type Location,
  parseLocation,
} from '../src/location.js'
import { fromHex, hex } from './hex.js'

const MAX = 2 ** 32 - 1
const invalid = expect.objectContaining({ name: 'VarveError', code: 'INVALID_LOCATION' })
const locations = fc.record({ index: fc.nat(MAX), position: fc.nat(MAX), size: fc.integer({ min: 1, max: MAX }) })

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

describe('an encoded location', () => {
  test('is twelve bytes: index, position and size, lowest byte first', () => {
    expect(hex(encodeLocation({ index: 1, position: 0x01020304, size: 0xfffefdfc }))).toBe('01 00 00 00 04 03 02 01 fc fd fe ff')
    expect(encodeLocation({ index: 0, position: 0, size: 1 })).toHaveLength(LOCATION_BYTES)
  })

  test('is decoded from these bytes, also where they are a part of more', () => {
    const bytes = fromHex('ee ee 01 00 00 00 04 03 02 01 fc fd fe ff ee')
    expect(decodeLocation(bytes.subarray(2, 14))).toEqual({ index: 1, position: 0x01020304, size: 0xfffefdfc })
  })

  test('comes back as it was', () => {
    fc.assert(
      fc.property(locations, (location) => {
        expect(decodeLocation(encodeLocation(location))).toEqual(location)
      }),
      { examples: [[{ index: 0, position: 0, size: 1 }], [{ index: MAX, position: MAX, size: MAX }]] },
    )
  })

  test('has exactly twelve bytes', () => {
    for (const length of [0, 11, 13, 24]) {
      const error = thrownBy(() => decodeLocation(new Uint8Array(length).fill(1)))
      expect(error).toEqual(invalid)
      expect((error as Error).message).toContain(String(length))
    }
  })

  test('has a size: twelve zeros are no location', () => {
    expect(thrownBy(() => decodeLocation(new Uint8Array(12)))).toEqual(invalid)
  })

  test.each([
    ['text', '1:2:3'],
    ['an array', [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0]],
    ['a DataView', new DataView(new ArrayBuffer(12))],
    ['nothing', undefined],
  ])('is a Uint8Array and not %s', (_, value) => {
    expect(thrownBy(() => decodeLocation(value as never))).toBeInstanceOf(TypeError)
  })
})

describe('a location as text', () => {
  test('reads index:position:size', () => {
    expect(formatLocation({ index: 12, position: 34, size: 56 })).toBe('12:34:56')
    expect(parseLocation('12:34:56')).toEqual({ index: 12, position: 34, size: 56 })
  })

  test('comes back as it was', () => {
    fc.assert(
      fc.property(locations, (location) => {
        expect(parseLocation(formatLocation(location))).toEqual(location)
      }),
      { examples: [[{ index: 0, position: 0, size: 1 }], [{ index: MAX, position: MAX, size: MAX }]] },
    )
  })

  test.each([
    '',
    '1',
    '1:2',
    '1:2:',
    ':1:2',
    '1:2:3:4',
    ' 1:2:3',
    '1:2:3\n',
    '1: 2:3',
    '-1:2:3',
    '+1:2:3',
    '1.0:2:3',
    '1e3:2:3',
    '0x1:2:3',
    '01:2:3',
    '1:02:3',
    '1:2:003',
    '00:2:3',
    '1:2:0',
    '4294967296:2:3',
    '1:4294967296:3',
    '1:2:4294967296',
    '1:2:99999999999',
    '١:2:3',
  ])('is not %j', (text) => {
    expect(thrownBy(() => parseLocation(text))).toEqual(invalid)
  })

  test('is shown in part in the error where it is long', () => {
    const { message } = thrownBy(() => parseLocation('x'.repeat(10_000))) as Error
    expect(message.length).toBeLessThan(200)
  })

  test.each([[undefined], [null], [5], [{ index: 1, position: 2, size: 3 }]])('is text and not %j', (value) => {
    expect(thrownBy(() => parseLocation(value as never))).toBeInstanceOf(TypeError)
  })
})

describe('locations in order', () => {
  test('go by index, then by position', () => {
    const at = (index: number, position: number): Location => ({ index, position, size: 1 })
    expect(compareLocations(at(1, 9), at(2, 0))).toBeLessThan(0)
    expect(compareLocations(at(2, 0), at(1, 9))).toBeGreaterThan(0)
    expect(compareLocations(at(1, 2), at(1, 10))).toBeLessThan(0)
    expect(compareLocations(at(1, 10), at(1, 2))).toBeGreaterThan(0)
    expect(compareLocations(at(0, 0), at(MAX, 0))).toBeLessThan(0)
    expect(compareLocations(at(3, 7), { ...at(3, 7), size: 9 })).toBe(0)
  })

  test('sort as their encodings would, read as numbers', () => {
    fc.assert(
      fc.property(fc.array(locations), (given) => {
        const number = ({ index, position }: Location): bigint => (BigInt(index) << 32n) + BigInt(position)
        const sorted = [...given].sort(compareLocations).map(number)
        expect(sorted).toEqual(given.map(number).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)))
      }),
    )
  })
})

describe('what is given as a location', () => {
  const good: Location = { index: 1, position: 2, size: 3 }

  test('may have any unsigned 32-bit numbers and a size of at least 1', () => {
    for (const location of [good, { index: 0, position: 0, size: 1 }, { index: MAX, position: MAX, size: MAX }]) {
      expect(checkLocation(location)).toBeUndefined()
    }
  })

  test('may carry more than that, as what scan gives does', () => {
    expect(checkLocation({ ...good, sequence: 7 } as Location)).toBeUndefined()
  })

  test.each([
    ['index', -1],
    ['index', 2 ** 32],
    ['index', 0.5],
    ['index', Number.NaN],
    ['index', Number.POSITIVE_INFINITY],
    ['position', -1],
    ['position', 2 ** 32],
    ['position', 1.5],
    ['position', Number.NaN],
    ['size', 0],
    ['size', -1],
    ['size', 2 ** 32],
    ['size', 2.5],
    ['size', Number.NEGATIVE_INFINITY],
  ])('is INVALID_LOCATION with the %s %d', (field, value) => {
    const error = thrownBy(() => checkLocation({ ...good, [field]: value }))
    expect(error).toEqual(invalid)
    expect((error as Error).message).toContain(String(value))
    expect(thrownBy(() => encodeLocation({ ...good, [field]: value }))).toEqual(invalid)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['1:2:3', 'string'],
    [5, 'number'],
    [() => good, 'function'],
    [{}, 'index: undefined'],
    [{ index: 1, position: 2 }, 'size: undefined'],
    [{ index: '1', position: 2, size: 3 }, 'index: string'],
    [{ index: 1, position: 2n, size: 3 }, 'position: bigint'],
    [[1, 2, 3], 'index: undefined'],
  ])('is a TypeError where it is %o, and says so', (value, said) => {
    const error = thrownBy(() => checkLocation(value as never))
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain(said)
  })
})
