import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { seededRandom } from '@varve/backend/faults'
import { type Location, type ScannedItem, Varve, VarveError } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { fileMapBackend } from '../src/corruption/file-map-backend.js'
import { forgedStore } from '../src/corruption/forged-store.js'
import { GOLDEN_OPTIONS, type GoldenStore, goldenStore, goldenStores } from '../src/corruption/golden-store.js'
import { printCount } from './print-count.js'

const timeout = 300_000
// A window, a copy of it, and what is small.
const MOST_AT_ONCE = 2 * 1024 * 1024
const LONGEST = 10_000

let outside: string
let inside: string

beforeEach(async () => {
  outside = mkdtempSync(join(tmpdir(), 'varve-hostile-'))
  inside = join(outside, 'store')
  mkdirSync(inside)
  const { files } = await goldenStore('plain', 3)
  for (const [name, bytes] of files) writeFileSync(join(outside, name), bytes)
  writeFileSync(join(outside, 'precious'), 'do not touch')
})

afterEach(() => rmSync(outside, { recursive: true, force: true }))

/** Everything that is not in the store's directory. */
function picture(): string {
  return readdirSync(outside)
    .filter((name) => name !== 'store')
    .map((name) => `${name} ${statSync(join(outside, name)).mtimeMs} ${readFileSync(join(outside, name)).toString('hex')}`)
    .join('\n')
}

function fill(golden: GoldenStore): void {
  for (const [name, bytes] of golden.files) writeFileSync(join(inside, name), bytes)
}

/** Does to a store whatever can be done to it; what is thrown has a name. Gives the bytes of everything that was shown. */
async function useAll(backend: ReturnType<typeof fsBackend>, locations: readonly Location[]): Promise<Uint8Array[]> {
  const shown: Uint8Array[] = []
  const named = async (action: () => Promise<unknown>): Promise<void> => {
    try {
      await action()
    } catch (error) {
      if (!(error instanceof VarveError)) throw error
    }
  }
  const show = async (scan: AsyncIterable<ScannedItem>): Promise<void> => {
    for await (const { data } of scan) shown.push(Uint8Array.from(data))
  }
  for (const readOnly of [true, false]) {
    const db = new Varve(backend, { ...GOLDEN_OPTIONS, readOnly })
    await named(() => db.start())
    if (db.state !== 'running') continue
    for (const location of locations) {
      await named(async () => {
        const data = await db.read(location)
        if (data) shown.push(data)
      })
    }
    await named(() => show(db.scan()))
    await named(() => show(db.scan({ reverse: true })))
    await named(() => show(db.scan({ from: { sequence: 3 } })))
    await named(() => show(db.scan({ onDamage: () => {} })))
    await named(() => db.verify())
    await named(() => db.stats())
    if (!readOnly) {
      await named(() => db.add(Uint8Array.of(9, 9, 9), { durable: true }))
      await named(async () => db.ltrim(locations[1]?.index ?? 0, locations[1]?.position ?? 0))
      await named(async () => db.rtrim(locations[3]?.index ?? 0, locations[3]?.position ?? 0))
      await named(() => db.dropIndex(locations[5]?.index ?? 0))
    }
    await named(() => db.stop())
  }
  await named(() => Varve.repair(backend, { ...GOLDEN_OPTIONS, dryRun: true }))
  await named(() => Varve.repair(backend, GOLDEN_OPTIONS))
  return shown
}

/** The largest piece of memory that is asked for at once while `action` runs, in bytes. */
async function largestAllocation(action: () => Promise<void>): Promise<number> {
  let largest = 0
  const watched = (size: unknown): void => {
    if (typeof size === 'number') largest = Math.max(largest, size)
  }
  const construct = (target: Uint8ArrayConstructor, args: unknown[]) => {
    watched(args[0])
    return Reflect.construct(target, args)
  }
  const { allocUnsafe, allocUnsafeSlow } = Buffer
  vi.stubGlobal('Uint8Array', new Proxy(Uint8Array, { construct }))
  Buffer.allocUnsafe = (size) => {
    watched(size)
    return allocUnsafe(size)
  }
  Buffer.allocUnsafeSlow = (size) => {
    watched(size)
    return allocUnsafeSlow(size)
  }
  try {
    await action()
  } finally {
    vi.unstubAllGlobals()
    Object.assign(Buffer, { allocUnsafe, allocUnsafeSlow })
  }
  return largest
}

describe('a store that somebody has forged', () => {
  const stores = 600

  test('shows no bytes that were never stored, throws nothing without a name, ends, and asks for no memory beyond a bound', {
    timeout,
  }, async () => {
    const golden = await goldenStores()
    const random = seededRandom(7)
    let largest = 0
    let longest = 0
    for (let n = 0; n < stores; n++) {
      const store = golden[n % golden.length] as GoldenStore
      const files = forgedStore(store, random)
      const known = new Set([...store.items.map(({ data }) => String(data)), '9,9,9'])
      const locations = store.items.map(({ location }) => location)
      locations.push(
        { index: random(9), position: random(600), size: 1 + random(400) },
        { index: random(9), position: 0xffffffff, size: 0xffffffff },
      )
      const started = performance.now()
      let shown: Uint8Array[] = []
      largest = Math.max(largest, await largestAllocation(async () => void (shown = await useAll(fileMapBackend(files), locations))))
      longest = Math.max(longest, performance.now() - started)
      const wrong = shown.find((data) => !known.has(String(data)))
      if (wrong) expect.fail(`store ${n}: ${wrong.length} bytes were shown that no item has`)
    }
    printCount('forged stores', stores)
    expect(largest).toBeLessThanOrEqual(MOST_AT_ONCE)
    expect(longest).toBeLessThan(LONGEST)
  })

  test('of a file that claims to be huge asks for no more memory than a window', { timeout }, async () => {
    const golden = await goldenStore('plain', 1)
    fill(golden)
    truncateSync(join(inside, golden.names[0] as string), 32 * 1024 * 1024)
    const locations = golden.items.map(({ location }) => location)
    expect(await largestAllocation(async () => void (await useAll(fsBackend(inside), locations)))).toBeLessThanOrEqual(MOST_AT_ONCE)
  })
})

describe('a directory that somebody has prepared', () => {
  const kinds = {
    'a symbolic link to a file outside': (path: string, name: string) =>
      symlinkSync(join(outside, name.endsWith('.dat') && !name.startsWith('.') ? name : 'precious'), path),
    'a symbolic link to nowhere': (path: string) => symlinkSync(join(outside, 'made-by-varve'), path),
    'a symbolic link to a directory outside': (path: string) => symlinkSync(outside, path),
    'a directory': (path: string) => mkdirSync(path),
    'a directory with something in it': (path: string) => mkdirSync(join(path, 'child'), { recursive: true }),
    'a pipe': (path: string) => execFileSync('mkfifo', [path]),
  }
  const places = [
    'data00000.dat',
    'data00001.dat',
    'data00002.dat',
    'data00003.dat',
    '.tmp.data00000.dat',
    '.tmp.data00001.dat',
    '.cut.data00002.dat.0',
    '.quarantine.data00001.dat.44',
    '.lock',
  ]
  const cases = Object.keys(kinds).flatMap((kind) => places.map((place) => ({ kind: kind as keyof typeof kinds, place })))

  test.skipIf(process.platform === 'win32').each(cases)(
    'with $kind as $place leads nowhere outside, and does not hang',
    { timeout: LONGEST },
    async ({ kind, place }) => {
      const golden = await goldenStore('plain', 1)
      fill(golden)
      // Damaged, so that a repair has something to do.
      const damaged = Uint8Array.from(golden.files.get('data00001.dat') as Uint8Array).fill(3, 120, 140)
      writeFileSync(join(inside, 'data00001.dat'), damaged)
      rmSync(join(inside, place), { force: true })
      kinds[kind](join(inside, place), place)
      const before = picture()
      const known = new Set([...golden.items.map(({ data }) => String(data)), '9,9,9'])
      const shown = await useAll(
        fsBackend(inside),
        golden.items.map(({ location }) => location),
      )
      expect(shown.filter((data) => !known.has(String(data)))).toEqual([])
      expect(picture()).toBe(before)
    },
  )

  test('with names that are nearly those of a store has none of them touched, opened or counted', async () => {
    const golden = await goldenStore('plain', 1)
    fill(golden)
    const names = [
      'data99999999999.dat',
      'data000000.dat.dat',
      'data-0001.dat',
      'data0000１.dat',
      'data00001.dat ',
      '..data00001.dat',
      '.tmp...data00001.dat',
      '.tmp.data99999999999.dat',
      '.cut.data00001.dat.99999999999',
      '.cut.data00001.dat.-1',
      '.cut.\\..\\..\\precious.dat.1',
      '.quarantine.data00001.dat.1.2.3',
      'data\n00001.dat',
    ]
    for (const name of names) writeFileSync(join(inside, name), golden.files.get('data00001.dat') as Uint8Array)
    const db = await Varve.open(fsBackend(inside), GOLDEN_OPTIONS)
    expect((await db.stats()).files).toBe(golden.names.length)
    expect((await db.verify()).isIntact).toBe(true)
    await db.stop()
    expect((await Varve.repair(fsBackend(inside), GOLDEN_OPTIONS)).steps).toEqual([])
    for (const name of names) expect(lstatSync(join(inside, name)).size).toBe(golden.files.get('data00001.dat')?.length)
  })

  test.each([5, 9])(
    'with a last file of the highest number, of %d digits, is FILE_MISSING at once, whoever asks',
    { timeout: LONGEST },
    async (filePadding) => {
      const golden = await goldenStore('plain', 1)
      const options = { ...GOLDEN_OPTIONS, filePadding }
      const nameOf = (index: number): string => `data${String(index).padStart(filePadding, '0')}.dat`
      for (const [n, name] of golden.names.entries()) writeFileSync(join(inside, nameOf(n)), golden.files.get(name) as Uint8Array)
      const highest = 10 ** filePadding - 1
      const forged = Uint8Array.from(golden.files.get('data00001.dat') as Uint8Array)
      for (const field of [32, 48]) new DataView(forged.buffer).setUint32(field, highest, true)
      new DataView(forged.buffer).setUint32(60, crc32(forged.subarray(0, 60)), true)
      writeFileSync(join(inside, nameOf(highest)), forged)
      const codeOf = (action: Promise<unknown>): Promise<unknown> =>
        action.then(
          () => undefined,
          (error: VarveError) => error.code,
        )
      expect(await codeOf(Varve.open(fsBackend(inside), options))).toBe('FILE_MISSING')
      expect(await codeOf(Varve.repair(fsBackend(inside), options))).toBe('FILE_MISSING')
      const db = await Varve.open(fsBackend(inside), { ...options, readOnly: true })
      expect(await codeOf(db.read({ index: highest - 1, position: 44, size: 1 }))).toBe('FILE_MISSING')
      const { damages } = await db.verify()
      expect(damages.length).toBeLessThan(10)
      expect(damages.find(({ kind }) => kind === 'missing-file')?.files).toBe(highest - golden.names.length)
      await db.stop()
    },
  )
})

describe('the files and directories that are made', () => {
  test.skipIf(process.platform === 'win32')('are for their owner alone, whatever the umask lets through', async () => {
    const umask = process.umask(0)
    try {
      const path = join(inside, 'new')
      const db = await Varve.open(fsBackend(path), GOLDEN_OPTIONS)
      await db.add(new Uint8Array(300), { durable: true })
      await db.add(new Uint8Array(300), { durable: true })
      await db.ltrim(1, 44 + 308).catch(() => undefined)
      for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o777, name).toBe(0o600)
      expect(statSync(path).mode & 0o777).toBe(0o700)
      await db.stop()
    } finally {
      process.umask(umask)
    }
  })
})
