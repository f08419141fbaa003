import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { readFiles, writeFiles } from '@varve/backend/faults'
import { formatLocation, type Location, parseLocation, Varve } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { type Clock, systemClock } from '../src/clock.js'
import { type BlockHeader, type BlockPlace, readBlockHeader } from '../src/format/block-header.js'
import { blockSeedOf, storeSeedOf } from '../src/format/checksum.js'
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader, FORMAT_VERSION } from '../src/format/file-header.js'
import { readUint32, recordSeed } from '../src/format/record.js'
import { decodeFile, decodeStore } from './format/reference-decoder.js'
import { makeStore } from './golden/make-golden.js'
import { fromHex, hex } from './hex.js'

const page = await readFile(new URL('../../../FORMAT.md', import.meta.url), 'utf8')

/** The part of the page under a heading. */
function section(heading: string): string {
  const [, text] = page.split(`\n## ${heading}\n`)
  if (text === undefined) throw new Error(`FORMAT.md has no section ${heading}`)
  return text.split('\n## ')[0] as string
}

/** The rows of the table whose first column has that name, cell by cell. */
function rows(text: string, firstColumn: string): string[][] {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith(`| ${firstColumn} |`)) + 2
  const end = lines.findIndex((line, n) => n >= start && !line.startsWith('|'))
  return lines.slice(start, end < 0 ? undefined : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

const example = section('A whole store')

/** The bytes of the hex dump, each line of which says first where it is. */
function dumped(): Uint8Array {
  const lines = /```hexdump\n([^`]*)\n```/.exec(example)?.[1]?.split('\n') ?? []
  lines.forEach((line, n) => void expect(line.slice(0, 8)).toBe((16 * n).toString(16).padStart(8, '0')))
  return fromHex(lines.map((line) => line.slice(8)).join(' '))
}

interface Field {
  /** `file header`, `block at position 68`, `record at position 112`. */
  readonly part: string
  readonly at: number
  readonly bytes: Uint8Array
  readonly name: string
  readonly value: string
}

function annotated(): Field[] {
  const fields: Field[] = []
  let part = ''
  for (const [at, bytes, name, value] of rows(example, 'at') as [string, string, string, string][]) {
    if (at === '') part = name.replaceAll('*', '')
    else fields.push({ part, at: Number(at), bytes: fromHex(bytes), name, value })
  }
  return fields
}

describe('the tables of FORMAT.md', () => {
  test.each([
    ['File header', 64],
    ['Block', 44],
  ])('of the section %s say of each of its %i bytes what it is', (heading, length) => {
    let end = 0
    for (const [at, size] of rows(section(heading), 'at')) {
      expect(Number(at)).toBe(end)
      end += Number(size)
    }
    expect(end).toBe(length)
  })

  test('of the record say so of its 8 bytes and the payload', () => {
    expect(rows(section('Record'), 'at').map(([at, size]) => [at, size])).toEqual([
      ['0', '4'],
      ['4', '4'],
      ['8', 'size'],
    ])
  })

  test('name the magic bytes that the store of the page begins with', () => {
    const bytes = dumped()
    const magicOf = (heading: string): string =>
      /magic: `([^`]*)`/.exec(rows(section(heading), 'at')[0]?.[2] ?? '')?.[1]?.toLowerCase() ?? ''
    expect(magicOf('File header')).toBe(hex(bytes.subarray(0, 8)))
    expect(magicOf('Block')).toBe(hex(bytes.subarray(64, 68)))
  })
})

describe('the store that FORMAT.md takes apart', () => {
  const bytes = dumped()
  const files = new Map([['data00000.dat', bytes]])
  const fields = annotated()

  async function onMemory(): Promise<MemoryBackend> {
    const backend = memoryBackend()
    await writeFiles(files, backend)
    return backend
  }

  test('has the length that the page says, and every byte of it is annotated once', () => {
    expect(example).toContain(`\`data00000.dat\`, of ${bytes.length} bytes`)
    let end = 0
    for (const { at, bytes: annotatedBytes } of fields) {
      expect(at).toBe(end)
      expect(hex(annotatedBytes)).toBe(hex(bytes.subarray(at, at + annotatedBytes.length)))
      end += annotatedBytes.length
    }
    expect(end).toBe(bytes.length)
  })

  test.each(fields.map((field) => [field.part, field.name, field] as const))(
    '%s: %s is the value that stands beside it',
    (_, __, field) => {
      const number = field.bytes.reduceRight((sum, byte) => sum * 256 + byte, 0)
      const value = saidOf(field)
      expect(typeof value === 'number' ? number : Buffer.from(field.bytes).toString('latin1')).toBe(value)
      const remark = /\((.*)\)/.exec(field.value)?.[1]
      if (field.name === 'time') expect(remark).toBe(new Date(number).toISOString())
      else expect(remark).toBe(field.name === 'flags' && number === 2 ? '`CLOSE`' : undefined)
    },
  )

  test('is, part by part and field by field, what the engine makes of it', () => {
    const header = decodeFileHeader(bytes) as FileHeader
    const storeSeed = storeSeedOf(header.storeId)
    const parts = [...new Set(fields.map(({ part }) => part))]
    expect(parts.map((part) => part.split(' ')[0])).toEqual(['file', 'block', 'record', 'record', 'block', 'record', 'block'])
    for (const part of parts) {
      const position = Number(/\d+$/.exec(part)?.[0])
      const said = Object.fromEntries(fields.filter((field) => field.part === part).map((field) => [field.name, saidOf(field)]))
      if (part.startsWith('file')) expect(said, part).toEqual(fileHeaderFields(bytes, header))
      else if (part.startsWith('block')) expect(said, part).toEqual(blockFields(bytes, { storeSeed, index: 0, position }))
      else expect(said, part).toEqual(recordFields(bytes, position, storeSeed))
    }
  })

  test('has the seeds that the page names', () => {
    const storeSeed = crc32('an example store')
    const hexOf = (seed: number): string => `0x${(seed >>> 0).toString(16).padStart(8, '0')}`
    expect(example).toContain(`\`storeSeed\` is \`crc32("an example store")\`, ${hexOf(storeSeed)}.`)
    expect(example).toContain(
      `of the block at position 0 is ${hexOf(blockSeedOf(storeSeed, 0, 0))}, and of the one at position 68 it is ${hexOf(blockSeedOf(storeSeed, 0, 68))}.`,
    )
  })

  test('holds the items that the page names, to the engine and to a reader that knows the page alone', async () => {
    const said = rows(example, 'location').map(([location, sequence, item]) => [location, Number(sequence), item?.replaceAll('`', '')])
    const db = await Varve.open(await onMemory(), { readOnly: true })
    const found: unknown[] = []
    for await (const { location, sequence, data } of db.scan()) found.push([formatLocation(location), sequence, letters(data)])
    expect(found).toEqual(said)
    for (const [location, , item] of said) expect(letters(await db.read(parseLocation(String(location))))).toBe(item)
    await db.stop()
    const decoded = decodeStore(files).flatMap(({ index, blocks }) =>
      blocks.flatMap(({ sequence, records }) =>
        records.map(({ position, payload }, n) => [`${index}:${position}:${payload.length}`, sequence + n, letters(payload)]),
      ),
    )
    expect(decoded).toEqual(said)
  })

  test('is what the engine makes of these operations today', async () => {
    const made = await makeStore({
      storeId: 'an example store',
      options: {},
      make: async (kitchen) => {
        const db = await kitchen.open()
        await db.add(Buffer.from('silt'))
        await db.add(Buffer.from('clay'))
        await db.flush()
        kitchen.waitAMinute()
        const transaction = db.transaction()
        transaction.add(Buffer.from('sand'))
        await transaction.commit()
        await db.stop()
      },
    })
    expect([...made.keys()]).toEqual(['data00000.dat'])
    expect(hex(made.get('data00000.dat')!)).toBe(hex(bytes))
  })

  test('is left as it is by a writer that opens and stops it', async () => {
    const backend = await onMemory()
    const db = await Varve.open(backend)
    await db.stop()
    expect(await readFiles(backend)).toEqual(files)
  })
})

/** A clock that is never looked at twice at the same time: what is stamped in the wrong order shows. */
function tickingClock(): Clock {
  let now = Date.UTC(2025, 0, 1)
  return { now: () => now++, after: systemClock.after }
}

test('times never fall, over files and transactions, while the clock runs', async () => {
  const backend = memoryBackend()
  const db = new Varve(backend, { maxFileSize: 1024, maxBufferSize: 400 }, tickingClock())
  await db.start()
  for (let round = 0; round < 10; round++) {
    for (let n = 0; n < 4; n++) await db.add(new Uint8Array(100).fill(n))
    const transaction = db.transaction()
    for (let n = 0; n < 20; n++) transaction.add(new Uint8Array(100).fill(n))
    const commit = transaction.commit()
    // Sealed while the files before it are being closed.
    await db.add(new Uint8Array(500), { durable: true })
    await commit
  }
  await db.stop()
  const files = await readFiles(backend)
  expect(files.size).toBeGreaterThan(20)
  // The reader refuses times that fall.
  expect(decodeStore(files).flatMap(({ blocks }) => blocks.flatMap(({ records }) => records))).toHaveLength(250)
})

describe('where a transaction reaches into a second file', () => {
  /** Two items of a transaction in file 0, one in file 1, and an item after it. */
  async function store(): Promise<{ backend: MemoryBackend; db: Varve; after: Location }> {
    const backend = memoryBackend()
    const db = new Varve(backend, { maxFileSize: 512, overwrite: true }, tickingClock())
    await db.start()
    const transaction = db.transaction()
    for (const fill of [1, 2, 3]) transaction.add(new Uint8Array(150).fill(fill))
    await transaction.commit()
    return { backend, db, after: await db.add(Buffer.from('after'), { durable: true }) }
  }

  async function itemsAfterRecovery(files: ReadonlyMap<string, Uint8Array>): Promise<{ items: string[]; names: readonly string[] }> {
    const backend = memoryBackend()
    await writeFiles(files, backend)
    const db = await Varve.open(backend, { maxFileSize: 512 })
    const items: string[] = []
    for await (const { location } of db.locations()) items.push(formatLocation(location))
    await db.stop()
    return { items, names: [...(await backend.list())].sort() }
  }

  test('the second says where it began; the closing block between them carries CONTINUES', async () => {
    const { backend, db } = await store()
    await db.stop()
    const [first, second] = decodeStore(await readFiles(backend))
    expect(second?.groupStart).toEqual({ index: 0, position: 0 })
    expect(first?.blocks.map(({ close, continues }) => [close, continues])).toEqual([
      [false, true],
      [true, true],
    ])
    expect(second?.blocks.map(({ close, continues }) => [close, continues])).toEqual([
      [false, false],
      [false, false],
      [true, false],
    ])
  })

  test('the second says so no more when its part of it is trimmed away: damage to what follows leaves the first alone', async () => {
    const { backend, db, after } = await store()
    await db.ltrim(after.index, after.position)
    const files = await readFiles(backend)
    const second = files.get('data00001.dat')!
    expect(decodeFile(second).groupStart).toEqual({ index: 1, position: 0 })
    // Nothing follows, so this can't be told from a write that was never finished.
    second[second.length - 1]! ^= 1
    const { items } = await itemsAfterRecovery(files)
    expect(items).toEqual(['0:44:150', '0:202:150'])
    await db.stop()
  })

  test('the second says so still when only a part of its part is trimmed away', async () => {
    const backend = memoryBackend()
    const db = await Varve.open(backend, { maxFileSize: 512, overwrite: true })
    const transaction = db.transaction()
    for (const fill of [1, 2, 3, 4]) transaction.add(new Uint8Array(150).fill(fill))
    const locations = await transaction.commit()
    await db.ltrim(1, locations[3]!.position)
    expect(decodeFile((await readFiles(backend)).get('data00001.dat')!).groupStart).toEqual({ index: 0, position: 0 })
    await db.stop()
  })

  test('a crash before anything is in the second undoes it, and keeps no copy of nothing', async () => {
    const { backend, db } = await store()
    const files = await readFiles(backend)
    files.set('data00001.dat', files.get('data00001.dat')!.slice(0, 64))
    const { items, names } = await itemsAfterRecovery(files)
    expect(items).toEqual([])
    expect(names).toEqual(['.cut.data00000.dat.0', 'data00000.dat'])
    await db.stop()
  })
})

/** What the page says of a field: a number or text. */
function saidOf({ value }: Field): number | string {
  const text = /^`(.*)`$/.exec(value)?.[1]
  return text === undefined ? Number(value.split(' ')[0]) : text.replace('\\x89', '\x89').replace('\\r', '\r').replace('\\n', '\n')
}

function fileHeaderFields(bytes: Uint8Array, header: FileHeader): Record<string, unknown> {
  return {
    magic: '\x89VARVE\r\n',
    version: FORMAT_VERSION,
    'header length': FILE_HEADER_BYTES,
    'genesis bytes': letters(header.genesis),
    'store id': letters(header.storeId),
    index: header.index,
    'trim offset': header.trimOffset,
    sequence: header.sequence,
    'group start, index': header.groupStart.index,
    'group start, position': header.groupStart.position,
    flags: header.dropped ? 1 : 0,
    'CRC-32 of bytes 0 to 59': crc32(bytes.subarray(0, 60)),
  }
}

function blockFields(bytes: Uint8Array, place: BlockPlace): Record<string, unknown> {
  const at = 64 + place.position
  const header = readBlockHeader(bytes, at, place) as BlockHeader
  return {
    magic: 'VBLK',
    flags: (header.continues ? 1 : 0) | (header.close ? 2 : 0),
    length: header.length,
    count: header.count,
    sequence: header.sequence,
    time: header.timestamp,
    'durable position': header.durablePosition,
    digest: header.digest >>> 0,
    [`CRC-32 of bytes ${at} to ${at + 39}`]: crc32(
      bytes.subarray(at, at + 40),
      blockSeedOf(place.storeSeed, place.index, place.position) >>> 0,
    ),
  }
}

function recordFields(bytes: Uint8Array, position: number, storeSeed: number): Record<string, unknown> {
  const at = 64 + position
  const size = readUint32(bytes, at)
  const payload = bytes.subarray(at + 8, at + 8 + size)
  return { size, 'CRC-32 of size and payload': crc32(payload, recordSeed(size, storeSeed) >>> 0), payload: letters(payload) }
}

function letters(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('latin1')
}
