import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { silentLogger } from '../src/logger.js'
import { blockCapacity, GiB, KiB, MiB, maxItemSize, resolveOptions, type VarveOptions } from '../src/options.js'

function errorOf(options: unknown): { name: string; code?: string; message: string } {
  try {
    resolveOptions(options as VarveOptions)
  } catch (error) {
    return error as Error
  }
  throw new Error(`${String(options)} was taken`)
}

// `null`, which JSON has for what is not given, is no value of any option.
const notNumbers: [unknown, string][] = [
  ['5', '"5"'],
  [5n, '5n'],
  [true, 'true'],
  [null, 'null'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [1000.5, '1000.5'],
  [2 ** 53, '9007199254740992'],
  [{}, 'object'],
]
const notFlags: [unknown, string][] = [
  [0, '0'],
  [1, '1'],
  ['true', '"true"'],
  [null, 'null'],
]

interface Case {
  readonly standard: unknown
  readonly good: readonly unknown[]
  /** A value, and how the error shows it. */
  readonly bad: readonly (readonly [unknown, string])[]
  /** What the error says is allowed. */
  readonly allowed: string
}

const cases: { readonly [Name in keyof Required<VarveOptions>]: Case } = {
  maxFileSize: {
    standard: 128 * MiB,
    good: [512, 513, GiB, 2 ** 32 - 1],
    bad: [[511, '511'], [0, '0'], [-1, '-1'], [2 ** 32, '4294967296'], ...notNumbers],
    allowed: 'a whole number from 512 to 4294967295',
  },
  filePrefix: {
    standard: 'data',
    good: ['a', 'Z', 'Ledger', 'x'.repeat(32)],
    bad: [
      ['', '""'],
      ['a1', '"a1"'],
      ['a-b', '"a-b"'],
      ['a/b', '"a/b"'],
      ['../data', '"../data"'],
      ['data\n', '"data\\n"'],
      ['é', '"é"'],
      ['x'.repeat(33), '"xxx'],
      [5, '5'],
      [null, 'null'],
      [['data'], 'Array'],
    ],
    allowed: '1 to 32 ASCII letters',
  },
  filePadding: {
    standard: 5,
    good: [1, 9],
    bad: [[0, '0'], [10, '10'], [-1, '-1'], ...notNumbers],
    allowed: 'a whole number from 1 to 9',
  },
  maxBufferSize: {
    standard: 4 * MiB,
    good: [128, 129, blockCapacity(128 * MiB)],
    bad: [[127, '127'], [0, '0'], [blockCapacity(128 * MiB) + 1, '134217621'], ...notNumbers],
    allowed: 'a whole number from 128 to 134217620',
  },
  maxTransactionSize: {
    standard: 256 * MiB,
    good: [1, 10 * GiB, Number.MAX_SAFE_INTEGER],
    bad: [[0, '0'], [-1, '-1'], ...notNumbers],
    allowed: 'a whole number from 1 to 9007199254740991',
  },
  maxBufferItems: {
    standard: 1000,
    good: [1, Number.MAX_SAFE_INTEGER],
    bad: [[0, '0'], [-1, '-1'], ...notNumbers],
    allowed: 'a whole number from 1 to 9007199254740991',
  },
  flushInterval: {
    standard: 30_000,
    good: [1, 2 ** 31 - 1],
    // A timer that is longer fires at once.
    bad: [[0, '0'], [2 ** 31, '2147483648'], ...notNumbers],
    allowed: 'a whole number from 1 to 2147483647',
  },
  durability: {
    standard: 'sync',
    good: ['sync', 'os'],
    bad: [
      ['none', '"none"'],
      ['Sync', '"Sync"'],
      ['', '""'],
      [true, 'true'],
      [null, 'null'],
    ],
    allowed: '"sync" or "os"',
  },
  settleAfter: {
    standard: 250,
    good: [0, 1, 2 ** 31 - 1],
    bad: [[-1, '-1'], [2 ** 31, '2147483648'], ...notNumbers],
    allowed: 'a whole number from 0 to 2147483647',
  },
  timeout: {
    standard: 30_000,
    good: [1, 2 ** 31 - 1],
    bad: [[0, '0'], [-5, '-5'], [2 ** 31, '2147483648'], ...notNumbers],
    allowed: 'a whole number from 1 to 2147483647',
  },
  concurrency: {
    standard: 32,
    good: [1, 65_536],
    bad: [[0, '0'], [65_537, '65537'], ...notNumbers],
    allowed: 'a whole number from 1 to 65536',
  },
  cacheSize: {
    standard: 64 * MiB,
    good: [0, 1, 4 * GiB],
    bad: [[-1, '-1'], [4 * GiB + 1, '4294967297'], ...notNumbers],
    allowed: 'a whole number from 0 to 4294967296',
  },
  genesisBytes: {
    standard: new TextEncoder().encode('VARV'),
    good: [new Uint8Array(4), new Uint8Array([1, 2, 3, 4])],
    bad: [
      [new Uint8Array(3), 'Uint8Array of 3 bytes'],
      [new Uint8Array(5), 'Uint8Array of 5 bytes'],
      [new Uint8Array(0), 'Uint8Array of 0 bytes'],
      ['VARV', '"VARV"'],
      [[1, 2, 3, 4], 'Array'],
      [new ArrayBuffer(4), 'ArrayBuffer'],
      [new Int8Array(4), 'Int8Array'],
      [0x56415256, '1447121494'],
      [null, 'null'],
    ],
    allowed: 'a Uint8Array of 4 bytes',
  },
  create: { standard: true, good: [true, false], bad: notFlags, allowed: 'true or false' },
  overwrite: { standard: false, good: [true, false], bad: notFlags, allowed: 'true or false' },
  readOnly: { standard: false, good: [true, false], bad: notFlags, allowed: 'true or false' },
  retention: {
    standard: {},
    good: [{}, { maxBytes: 1 }, { maxAge: 1, maxFiles: 2, replicas: 0, cursors: ['a'] }],
    bad: [
      [null, 'null'],
      [7, '7'],
      [[], 'Array'],
    ],
    allowed: 'an object of limits',
  },
  logger: {
    standard: silentLogger,
    good: [console, { debug() {}, info() {}, warn() {}, error() {} }],
    bad: [
      [null, 'null'],
      [true, 'true'],
      ['console', '"console"'],
      [{}, 'Object'],
      [{ debug() {}, info() {}, warn() {} }, 'Object'],
      [{ debug() {}, info() {}, warn() {}, error: 'x' }, 'Object'],
      [() => {}, 'function'],
    ],
    allowed: 'an object with the functions debug, info, warn and error',
  },
}

describe.each(Object.entries(cases))('the option %s', (name, { standard, good, bad, allowed }) => {
  test('has a default, also where it is given as undefined', () => {
    const resolved = resolveOptions() as unknown as Record<string, unknown>
    expect(resolved[name]).toEqual(standard)
    expect((resolveOptions({ [name]: undefined }) as unknown as Record<string, unknown>)[name]).toEqual(standard)
  })

  test('takes every value up to its edges', () => {
    for (const value of good) expect((resolveOptions({ [name]: value }) as unknown as Record<string, unknown>)[name]).toEqual(value)
  })

  test.each(bad)('refuses %o, and says its name, the value and what is allowed', (value, shown) => {
    const { name: kind, code, message } = errorOf({ [name]: value })
    expect([kind, code]).toEqual(['VarveError', 'INVALID_OPTION'])
    expect(message.startsWith(`${name} is `)).toBe(true)
    expect(message).toContain(shown)
    expect(message.endsWith(`; allowed: ${allowed}`)).toBe(true)
  })
})

describe('options', () => {
  test('are all there, with these names, and frozen', () => {
    const resolved = resolveOptions()
    expect(Object.keys(resolved).sort()).toEqual(Object.keys(cases).sort())
    expect(Object.isFrozen(resolved)).toBe(true)
  })

  test('are an object or nothing', () => {
    expect(resolveOptions(undefined)).toEqual(resolveOptions({}))
    for (const [given, said] of [
      [null, 'null'],
      ['x', 'string'],
      [5, 'number'],
      [() => {}, 'function'],
    ]) {
      expect(() => resolveOptions(given as never)).toThrow(new TypeError(`options are an object, not ${said}`))
    }
  })

  test.each(['maxFilesize', 'durable', '', 'toString', 'constructor', '__proto__'])(
    'have no %j: a typing error is not passed over',
    (name) => {
      const { code, message } = errorOf(JSON.parse(`{ ${JSON.stringify(name)}: 1 }`))
      expect(code).toBe('INVALID_OPTION')
      expect(message).toContain(`there is no option ${JSON.stringify(name)}`)
      for (const known of Object.keys(cases)) expect(message).toContain(known)
    },
  )

  test('that are wrong are named even where the value refers to itself, is huge, or has no name', () => {
    const circular: Record<string, unknown> = {}
    circular.self = circular
    for (const value of [
      circular,
      new Uint8Array(10_000_000),
      Object.create(null),
      Symbol('x'),
      () => {},
      'x'.repeat(10_000_000),
      { deep: 5n },
    ]) {
      for (const name of Object.keys(cases)) {
        const { code, message } = errorOf({ [name]: value })
        expect(code).toBe('INVALID_OPTION')
        expect(message.length).toBeLessThan(300)
      }
    }
  })

  test('keep what was given from changing them', () => {
    const genesisBytes = Uint8Array.of(1, 2, 3, 4)
    const given = { genesisBytes, maxBufferItems: 5 }
    const resolved = resolveOptions(given)
    genesisBytes.fill(9)
    given.maxBufferItems = 6
    expect([resolved.genesisBytes, resolved.maxBufferItems]).toEqual([Uint8Array.of(1, 2, 3, 4), 5])
  })

  test('take genesis bytes as a Buffer, a part of more, or from another realm', () => {
    const wanted = Uint8Array.of(0x74, 0x65, 0x73, 0x74)
    for (const genesisBytes of [
      Buffer.from('test'),
      new TextEncoder().encode('a test').subarray(2),
      runInNewContext('Uint8Array.of(0x74, 0x65, 0x73, 0x74)'),
    ]) {
      const resolved = resolveOptions({ genesisBytes }).genesisBytes
      expect(resolved).toEqual(wanted)
      expect(Object.getPrototypeOf(resolved)).toBe(Uint8Array.prototype)
    }
  })

  test('use the logger that was given, as it is', () => {
    const logger = { debug() {}, info() {}, warn() {}, error() {} }
    expect(resolveOptions({ logger }).logger).toBe(logger)
  })
})

describe('the buffer', () => {
  test('is half of a small file, and 4 MiB from 8 MiB on, unless it is given', () => {
    expect(resolveOptions({ maxFileSize: 512 }).maxBufferSize).toBe(256)
    expect(resolveOptions({ maxFileSize: 1001 }).maxBufferSize).toBe(500)
    expect(resolveOptions({ maxFileSize: 8 * MiB - 2 }).maxBufferSize).toBe(4 * MiB - 1)
    expect(resolveOptions({ maxFileSize: 8 * MiB }).maxBufferSize).toBe(4 * MiB)
    expect(resolveOptions({ maxFileSize: 4 * GiB - 1 }).maxBufferSize).toBe(4 * MiB)
    expect(resolveOptions({ maxFileSize: 512, maxBufferSize: 200 }).maxBufferSize).toBe(200)
  })

  test('fits a file: header and closing block are kept free', () => {
    expect(resolveOptions({ maxFileSize: 512, maxBufferSize: 404 }).maxBufferSize).toBe(404)
    expect(errorOf({ maxFileSize: 512, maxBufferSize: 405 }).message).toBe('maxBufferSize is 405; allowed: a whole number from 128 to 404')
  })
})

test('units are powers of 1024', () => {
  expect([KiB, MiB, GiB]).toEqual([1024, 1024 ** 2, 1024 ** 3])
})

test('the largest item leaves room for file header, block header, record header and closing block', () => {
  expect(maxItemSize(512)).toBe(512 - 64 - 44 - 8 - 44)
  expect(blockCapacity(512)).toBe(512 - 64 - 44)
})
