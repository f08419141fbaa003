import { isFileName } from '@varve/backend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FileNaming, looksLikeDataFile, parseDataFileName } from '../../src/format/file-name.js'

const naming = new FileNaming('data', 5)

const prefixes = fc.stringMatching(/^[A-Za-z]{1,32}$/)
const stores = fc
  .record({ prefix: prefixes, padding: fc.integer({ min: 1, max: 9 }) })
  .chain(({ prefix, padding }) => fc.record({ naming: fc.constant(new FileNaming(prefix, padding)), index: fc.nat(10 ** padding - 1) }))

describe('the names that a store gives its files', () => {
  test('are the prefix, the index in so many digits, and .dat', () => {
    expect(naming.dataFile(0)).toBe('data00000.dat')
    expect(naming.dataFile(42)).toBe('data00042.dat')
    expect(naming.dataFile(99_999)).toBe('data99999.dat')
    expect(new FileNaming('x', 1).dataFile(7)).toBe('x7.dat')
    expect(new FileNaming('Ledger', 9).dataFile(123)).toBe('Ledger000000123.dat')
  })

  test('say of a rewrite and of a cut which data file they are about', () => {
    expect(naming.temporary(3)).toBe('.tmp.data00003.dat')
    expect(naming.cut(3, 4_294_967_295)).toBe('.cut.data00003.dat.4294967295')
  })

  test('number as many files as the digits can', () => {
    expect(naming.maxFiles).toBe(100_000)
    expect(new FileNaming('data', 1).maxFiles).toBe(10)
    expect(new FileNaming('data', 9).maxFiles).toBe(1_000_000_000)
  })

  test('are names that every backend takes, whatever the prefix, the padding, the index and the position', () => {
    fc.assert(
      fc.property(stores, fc.nat(2 ** 32 - 1), ({ naming, index }, position) => {
        for (const name of [naming.dataFile(index), naming.temporary(index), naming.cut(index, position)]) {
          if (!isFileName(name)) throw new Error(`${name} is no name for a backend`)
        }
      }),
    )
  })
})

describe('a name that is met', () => {
  test('says the index, position and kind that it was made with, and is of no other kind', () => {
    fc.assert(
      fc.property(stores, fc.nat(2 ** 32 - 1), ({ naming, index }, position) => {
        const [data, temporary, cut] = [naming.dataFile(index), naming.temporary(index), naming.cut(index, position)]
        expect([data, temporary, cut].map((name) => naming.parseDataFile(name))).toEqual([index, undefined, undefined])
        expect([data, temporary, cut].map((name) => naming.isTemporary(name))).toEqual([false, true, false])
        expect([data, temporary, cut].map((name) => naming.parseCut(name))).toEqual([undefined, undefined, { index, position }])
      }),
    )
  })

  test('is a data file only if it is letter for letter what the store would have written', () => {
    expect(naming.parseDataFile('data00012.dat')).toBe(12)
    for (const name of [
      'data0012.dat',
      'data000012.dat',
      'data100000.dat',
      'Data00012.dat',
      'dat00012.dat',
      'xdata00012.dat',
      'data00012.DAT',
      'data00012.da',
      'data00012dat',
      'data00012.dat ',
      'data00012.dat.bak',
      'data0001a.dat',
      'data-0012.dat',
      'data0012..dat',
      'data1e002.dat',
      'data     .dat',
      'data.dat',
      'data',
      '.dat',
      '',
    ]) {
      expect(naming.parseDataFile(name), name).toBeUndefined()
    }
  })

  test('is not the name of another prefix or padding', () => {
    expect(new FileNaming('data', 4).parseDataFile('data00012.dat')).toBeUndefined()
    expect(new FileNaming('data', 6).parseDataFile('data00012.dat')).toBeUndefined()
    expect(new FileNaming('log', 5).parseDataFile('data00012.dat')).toBeUndefined()
  })

  test('is a rewrite only of a data file of this store', () => {
    expect(naming.isTemporary('.tmp.data00003.dat')).toBe(true)
    for (const name of ['.tmp.', '.tmp.data0003.dat', '.tmp.other00003.dat', 'tmp.data00003.dat', '.tmp.data00003.dat.tmp']) {
      expect(naming.isTemporary(name), name).toBe(false)
    }
  })

  test('is a cut only of a data file of this store, with a position', () => {
    expect(naming.parseCut('.cut.data00003.dat.0')).toEqual({ index: 3, position: 0 })
    for (const name of [
      '.cut.data00003.dat',
      '.cut.data00003.dat.',
      '.cut.data0003.dat.7',
      '.cut.other00003.dat.7',
      '.cut..7',
      '.cut.data00003.dat.x7',
      '.cut.data00003.dat.-7',
      '.cut.data00003.dat.7.bak',
      '.cut.data00003.dat.12345678901',
    ]) {
      expect(naming.parseCut(name), name).toBeUndefined()
    }
  })

  test('could be a data file of some store, if it has letters, one to nine digits and .dat', () => {
    fc.assert(fc.property(stores, ({ naming, index }) => looksLikeDataFile(naming.dataFile(index))))
    for (const name of [
      '00001.dat',
      'data.dat',
      'data1234567890.dat',
      'da-ta1.dat',
      'data1.dat.bak',
      '.tmp.data00001.dat',
      `${'a'.repeat(33)}1.dat`,
      'é1.dat',
    ]) {
      expect(looksLikeDataFile(name), name).toBe(false)
    }
  })
})

describe('a data file of a store that nobody has described', () => {
  test('says by its name what it was named by', () => {
    fc.assert(
      fc.property(stores, ({ naming, index }) => {
        const name = naming.dataFile(index)
        expect(parseDataFileName(name)).toEqual({ name, prefix: naming.prefix, padding: naming.padding, index })
      }),
    )
    for (const name of ['data.dat', '00001.dat', 'data1.DAT', '.tmp.data00001.dat', 'data0123456789.dat', 'data00001.dat\n'])
      expect(parseDataFileName(name), name).toBeUndefined()
  })
})
