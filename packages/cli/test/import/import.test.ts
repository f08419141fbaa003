import { hash } from 'node:crypto'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeLocation, type Location, parseLocation, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { ExitCode } from '../../src/exit-code.js'
import { jsonLines, varve } from '../run-varve.js'

interface Line extends Location {
  readonly sha256?: string
  readonly trimmed?: true
}

interface Fixture {
  readonly db: string
  readonly list: string
  readonly lines: readonly Line[]
  readonly flags: readonly string[]
}

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-import-'))
  path = join(directory, 'store')
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
})

/** A copy of a store that aiodiskdb wrote, to be damaged at will. */
function fixture(name: string, flags: readonly string[] = []): Fixture {
  const copy = join(directory, name)
  cpSync(join(import.meta.dirname, 'aiodiskdb', name), copy, { recursive: true })
  const list = join(copy, 'locations.jsonl')
  const lines = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { db: join(copy, 'db'), list, lines, flags }
}

function listOf(lines: readonly unknown[]): string {
  const list = join(directory, 'list.jsonl')
  writeFileSync(list, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  return list
}

const importing = ({ db, list, flags }: Fixture, ...more: string[]) =>
  varve('import', 'aiodiskdb', db, path, '--locations', list, ...flags, ...more)

async function hashesAt(locations: readonly string[]): Promise<string[]> {
  const store = await Varve.open(fsBackend(path), { readOnly: true })
  const found = await store.readMany(locations.map(parseLocation))
  await store.stop()
  return found.map((data) => hash('sha256', data as Uint8Array, 'hex'))
}

async function countItems(): Promise<number> {
  return jsonLines((await varve('list', path, '--json')).out).length
}

const own = ['--prefix', 'block', '--padding', '3', '--genesis', '74657374']

describe('import aiodiskdb', () => {
  it.each([
    ['plain', []],
    ['trimmed', []],
    ['own-marks', own],
  ])('brings every item of a store over, byte for byte (%s)', async (name, flags) => {
    const given = fixture(name, flags)
    const { exitCode, out, err } = await importing(given, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    const moved = jsonLines<{ from: string; to: string | null }>(out)
    expect(moved.map(({ from }) => from)).toEqual(given.lines.map(({ index, position, size }) => `${index}:${position}:${size}`))
    expect(moved.map(({ to }) => to === null)).toEqual(given.lines.map(({ trimmed }) => trimmed === true))
    const there = given.lines.filter(({ trimmed }) => !trimmed)
    expect(await hashesAt(moved.flatMap(({ to }) => to ?? []))).toEqual(there.map(({ sha256 }) => sha256))
    expect(await countItems()).toBe(there.length)
    const trimmed = given.lines.length - there.length
    expect(err).toBe(`${there.length} items imported into ${path}${trimmed > 0 ? `; ${trimmed} were trimmed` : ''}\n`)
  })

  it('prints where each item was and where it is', async () => {
    const given = fixture('plain')
    const { out } = await importing(given)
    const [first, ...rest] = out.trim().split('\n')
    expect(first).toBe('0:0:64 → 0:44:64')
    expect(rest).toHaveLength(given.lines.length - 1)
  })

  it('knows what was trimmed though the list does not say so', async () => {
    const given = fixture('trimmed')
    const list = listOf(given.lines.map(({ trimmed, ...line }) => line))
    const { exitCode, out } = await importing({ ...given, list })
    expect(exitCode).toBe(ExitCode.fine)
    expect(out.match(/ → trimmed$/gm)).toHaveLength(given.lines.filter(({ trimmed }) => trimmed).length)
  })

  it('takes records of 12 bytes', async () => {
    const given = fixture('plain')
    const list = join(directory, 'list.bin')
    writeFileSync(list, Buffer.concat(given.lines.map(encodeLocation)))
    const { exitCode, out } = await importing({ ...given, list }, '--json')
    expect(exitCode).toBe(ExitCode.fine)
    expect(await hashesAt(jsonLines<{ to: string }>(out).map(({ to }) => to))).toEqual(given.lines.map(({ sha256 }) => sha256))
  })

  it('adds to a store that exists', async () => {
    await varve('add', path, join(import.meta.dirname, 'aiodiskdb', 'README.md'))
    const given = fixture('plain')
    expect((await importing(given)).exitCode).toBe(ExitCode.fine)
    expect(await countItems()).toBe(given.lines.length + 1)
  })

  it('takes a directory that is empty, and not one that holds something else', async () => {
    const given = fixture('plain')
    path = join(directory, 'plain')
    const { exitCode, err } = await importing(given)
    expect([exitCode, err]).toEqual([
      ExitCode.usage,
      expect.stringMatching(/holds other things than a store; choose a directory that is new\n$/),
    ])
    expect(readdirSync(directory)).toEqual(['plain'])
    path = mkdtempSync(join(directory, 'empty-'))
    expect((await importing(given)).exitCode).toBe(ExitCode.fine)
  })
})

describe('a list that does not fit', () => {
  it.each<[string, (lines: readonly Line[]) => readonly unknown[], RegExp]>([
    ['no JSON', (lines) => [lines[0], '{nothing'], /^line 2: it is no JSON: \{nothing$/m],
    ['no size', (lines) => [lines[0], { index: 0, position: 0 }], /^line 2: it has no index, position and size/m],
    ['a size of 0', () => [{ index: 0, position: 0, size: 0 }], /^line 1: it has no index, position and size/m],
    [
      'an item beyond the end of its file',
      (lines) => [{ ...(lines[0] as Line), position: 22_040 }],
      /^line 1: the item would end at 22104, but data00000\.dat ends at 22049$/m,
    ],
    ['a file that is not there', (lines) => [lines[0], { index: 7, position: 0, size: 1 }], /^line 2: there is no data00007\.dat in /m],
    [
      'items that share bytes',
      () => [
        { index: 0, position: 0, size: 64 },
        { index: 0, position: 63, size: 2 },
      ],
      /^line 2: the item shares bytes with that of line 1$/m,
    ],
    ['an item twice', (lines) => [lines[0], lines[0]], /^line 2: the item shares bytes with that of line 1$/m],
    ['a hash that is none', (lines) => [{ ...lines[0], sha256: 'abc' }], /^line 1: its sha256 is not 64 hexadecimal digits$/m],
  ])('is refused by line, and nothing is imported: %s', async (_, change, message) => {
    const given = fixture('plain')
    const { exitCode, out, err } = await importing({ ...given, list: listOf(change(given.lines)) })
    expect([exitCode, out]).toEqual([ExitCode.failed, ''])
    expect(err).toMatch(message)
    expect(err).toMatch(/^error: 1 line of the list does not fit; nothing was imported$/m)
    expect(readdirSync(directory).filter((name) => name.startsWith('store'))).toEqual([])
  })

  it('as the bytes have another hash is damage, and nothing is imported', async () => {
    const given = fixture('plain')
    const wrong = { ...(given.lines[1] as Line), sha256: '0'.repeat(64) }
    const { exitCode, err } = await importing({ ...given, list: listOf([given.lines[0], wrong]) })
    expect([exitCode, err]).toEqual([
      ExitCode.damage,
      'error: line 2: the bytes there have another SHA-256 than the list says; nothing was imported\n',
    ])
    expect(readdirSync(directory).filter((name) => name.startsWith('store'))).toEqual([])
    await varve('add', path, given.list)
    expect((await importing({ ...given, list: listOf([given.lines[0], wrong]) })).exitCode).toBe(ExitCode.damage)
    expect(await countItems()).toBe(1)
  })

  it('as an item begins before the trim offset and ends behind it is refused', async () => {
    const given = fixture('trimmed')
    const { err } = await importing({ ...given, list: listOf([{ index: 0, position: 20, size: 40 }]) })
    expect(err).toMatch(/^line 1: data00000\.dat was trimmed up to 29, which is inside the item$/m)
  })

  it('as the files have other marks is refused', async () => {
    const given = fixture('own-marks', own.slice(0, 4))
    const { exitCode, err } = await importing(given)
    expect(exitCode).toBe(ExitCode.failed)
    expect(err).toMatch(/^line 1: block000\.dat begins with the genesis bytes 74657374, not 0dce8f37; say which with --genesis$/m)
    expect(err.match(/^line/gm)).toHaveLength(20)
    expect(err).toMatch(/^error: 48 lines of the list do not fit; nothing was imported$/m)
  })

  it('as a file is too short to have a header is refused', async () => {
    const given = fixture('plain')
    truncateSync(join(given.db, 'data00000.dat'), 10)
    expect((await importing(given)).err).toMatch(/^line 1: data00000\.dat is no file of aiodiskdb: it has fewer than 24 bytes$/m)
  })

  it.each<[string, string | Uint8Array | undefined, number, RegExp]>([
    ['is not there', undefined, ExitCode.notFound, /the list of locations can't be read: ENOENT/],
    ['is empty', '', ExitCode.usage, /lists no location/],
    [
      'is neither of the two kinds',
      Uint8Array.of(1, 2, 3),
      ExitCode.usage,
      /is neither lines of JSON nor records of 12 bytes: it is 3 bytes long/,
    ],
  ])('is refused as a whole where it %s', async (_, content, code, message) => {
    const list = join(directory, 'list')
    if (content !== undefined) writeFileSync(list, content)
    const { exitCode, err } = await importing({ ...fixture('plain'), list })
    expect(exitCode).toBe(code)
    expect(err).toMatch(message)
  })

  it('tells bad marks and bad records', async () => {
    const given = fixture('plain')
    expect(await importing(given, '--genesis', '00')).toMatchObject({
      exitCode: ExitCode.usage,
      err: expect.stringMatching(/the genesis bytes are four/),
    })
    const list = join(directory, 'list.bin')
    writeFileSync(list, new Uint8Array(24))
    expect((await importing({ ...given, list })).err).toMatch(/^line 1: .+\nline 2: .+\nerror: 2 lines/)
  })
})
