import { fail, faultyBackend, powerLossBackend } from '@varve/backend/faults'
import { type Logger, type ScannedItem, Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { addItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect, range, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf, joined, physical, type StoredFiles } from './support/stored-bytes.js'
import { newStore, openStore, recordEvents, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const
const LAST = 'data00001.dat'

/** What a writer that was killed leaves behind: a closed file, and one with three blocks that nothing closes. */
async function crashed(): Promise<{ files: StoredFiles; items: LaidItem[]; inLast: LaidItem[][]; whole: Uint8Array }> {
  const store = await openStore(SMALL)
  const items = await fillUpTo(store.db, 1)
  const first = items.pop() as LaidItem
  const inLast = [[first], ...(await layBlocks(store.db, [20, 30], [40, 1]))]
  const files = await copyFiles(store.memory)
  return { files, items: [...items, ...inLast.flat()], inLast, whole: fileOf(files, LAST) }
}

/** The end of a block in its file, as a length of the file. */
const endOf = (block: readonly LaidItem[]): number => {
  const { position, size } = (block.at(-1) as LaidItem).location
  return physical(position + 8 + size)
}

/** Opens these files as the next process does, and gives what it tells of recovery. */
async function recover(files: StoredFiles): Promise<TestStore & { cut: readonly object[]; all: ScannedItem[] }> {
  const store = newStore(SMALL, await diskOf(files))
  const events = recordEvents(store.db)
  await store.db.start()
  const told = events.filter(({ name }) => name === 'recover')
  expect(told.length).toBeLessThan(2)
  const cut = told[0]?.name === 'recover' ? told[0].cut : []
  return { ...store, cut, all: await collect(store.db.scan()) }
}

async function withLast(bytes: Uint8Array): Promise<Awaited<ReturnType<typeof recover>> & { items: LaidItem[] }> {
  const { files, items } = await crashed()
  return { ...(await recover(new Map(files).set(LAST, bytes))), items }
}

describe('a store whose writer was killed', () => {
  test('has every item that was laid down, tells of no recovery and goes on behind them', async () => {
    const { files, items, whole } = await crashed()
    const { db, cut, all, memory } = await recover(files)
    expect(cut).toEqual([])
    expect(all.map(({ location, data }) => ({ location, data }))).toEqual(items)
    const [added] = (await layBlocks(db, [60])).flat() as [LaidItem]
    expect(added.location).toEqual({ index: 1, position: whole.length - FILE_HEADER + BLOCK_HEADER, size: 60 })
    expect((await memory.list()).length).toBe(2)
  })

  test('is cut back to whole blocks at every length of its last file, and the second recovery finds nothing to do', async () => {
    const { files, items, inLast, whole } = await crashed()
    const ends = [FILE_HEADER, ...inLast.map(endOf)]
    for (let length = FILE_HEADER; length <= whole.length; length += length < whole.length - 60 ? 3 : 1) {
      const { db, cut, all, memory, disk } = await recover(new Map(files).set(LAST, whole.subarray(0, length)))
      const end = ends.filter((one) => one <= length).at(-1) as number
      const count = items.length - inLast.slice(ends.indexOf(end)).flat().length
      expect(sequencesOf(all), `${length} bytes`).toEqual(range(0, count))
      const isTorn = end < length
      expect(cut).toEqual(
        isTorn
          ? [{ index: 1, position: end - FILE_HEADER, bytes: length - end, removed: false, savedAs: `.cut.${LAST}.${end - FILE_HEADER}` }]
          : [],
      )
      if (isTorn) expect(fileOf(await copyFiles(memory), `.cut.${LAST}.${end - FILE_HEADER}`)).toEqual(whole.subarray(end, length))
      const [added] = (await layBlocks(db, [17])).flat() as [LaidItem]
      expect(added.location.position).toBe(end - FILE_HEADER + BLOCK_HEADER)
      await disk.end()
      const again = await recover(await copyFiles(memory))
      expect(again.cut).toEqual([])
      expect(sequencesOf(again.all)).toEqual(range(0, count + 1))
      await again.disk.end()
    }
  })

  test('loses the file whose header is torn, at every length of it, and only that', async () => {
    const { files, items, whole } = await crashed()
    const before = items.filter(({ location }) => location.index === 0)
    for (let length = 0; length < FILE_HEADER; length++) {
      const { all, cut, db } = await recover(new Map(files).set(LAST, whole.subarray(0, length)))
      expect(cut).toEqual([{ index: 1, position: 0, bytes: length, removed: true }])
      expect(sequencesOf(all)).toEqual(range(0, before.length))
      const [added] = (await layBlocks(db, [90])).flat() as [LaidItem]
      expect(await db.read(added.location)).toEqual(added.data)
    }
  })

  test('keeps its last file where it has nothing but its header', async () => {
    const { all, cut, memory, items } = await withLast((await crashed()).whole.subarray(0, FILE_HEADER)).catch(async () => {
      const { files, items, whole } = await crashed()
      return { ...(await recover(new Map(files).set(LAST, whole.subarray(0, FILE_HEADER)))), items }
    })
    expect(cut).toEqual([])
    expect(all.length).toBe(items.filter(({ location }) => location.index === 0).length)
    expect(await memory.list()).toContain(LAST)
  })
})

describe('a tail that is', () => {
  test.each([1, 43, 44, 100, 5000])('%s zeros is cut off without a word, and nothing of it is kept', async (count) => {
    const { files, items, whole } = await crashed()
    const { cut, all, memory, db, disk } = await recover(new Map(files).set(LAST, joined(whole, new Uint8Array(count))))
    expect(cut).toEqual([])
    expect(all.length).toBe(items.length)
    expect(fileOf(await copyFiles(memory), LAST)).toEqual(whole)
    expect((await memory.list()).length).toBe(2)
    const [added] = (await layBlocks(db, [20])).flat() as [LaidItem]
    await disk.end()
    expect(await (await recover(await copyFiles(memory))).db.read(added.location)).toEqual(added.data)
  })

  test('zeros behind a closing block is cut off too, and the store goes on behind the closing block', async () => {
    const store = await openStore(SMALL)
    const items = await fillUpTo(store.db, 1)
    await store.db.stop()
    const files = await copyFiles(store.memory)
    const whole = fileOf(files, LAST)
    const { cut, all, memory, db } = await recover(new Map(files).set(LAST, joined(whole, new Uint8Array(300))))
    expect(cut).toEqual([])
    expect(all.length).toBe(items.length)
    expect(fileOf(await copyFiles(memory), LAST)).toEqual(whole)
    const [added] = (await layBlocks(db, [20])).flat() as [LaidItem]
    expect(added.location.position).toBe(whole.length - FILE_HEADER + BLOCK_HEADER)
    await db.stop()
    await db.start()
    expect((await collect(db.scan())).length).toBe(items.length + 1)
  })

  test.each([
    ['garbage', new Uint8Array(200).map((_, n) => (n * 37 + 11) & 0xff)],
    ['one stray byte', Uint8Array.of(1)],
    ['zeros with a byte behind them', joined(new Uint8Array(150), Uint8Array.of(1))],
    ['text', new TextEncoder().encode('not a block at all, though it goes on for longer than a header does')],
    ['the magic of a block and no more', new TextEncoder().encode('VBLK')],
  ])('%s is cut off, and kept beside the store', async (_, tail) => {
    const { files, items, whole } = await crashed()
    const { cut, all, memory } = await recover(new Map(files).set(LAST, joined(whole, tail)))
    const position = whole.length - FILE_HEADER
    const savedAs = `.cut.${LAST}.${position}`
    expect(cut).toEqual([{ index: 1, position, bytes: tail.length, removed: false, savedAs }])
    expect(fileOf(await copyFiles(memory), savedAs)).toEqual(tail)
    expect(fileOf(await copyFiles(memory), LAST)).toEqual(whole)
    expect(all.length).toBe(items.length)
  })

  test('a block of another place, or of another store, is cut off', async () => {
    const { files, items, inLast, whole } = await crashed()
    const other = await crashed()
    const block = whole.subarray(endOf(inLast[1] as LaidItem[]), endOf(inLast[2] as LaidItem[]))
    const foreign = other.whole.subarray(endOf(other.inLast[1] as LaidItem[]), endOf(other.inLast[2] as LaidItem[]))
    for (const tail of [block, foreign]) {
      const { cut, all } = await recover(new Map(files).set(LAST, joined(whole, tail)))
      expect(cut).toMatchObject([{ bytes: tail.length }])
      expect(all.length).toBe(items.length)
    }
  })

  test('a last block with a damaged item is cut off: damage to the very last write can not be told from a torn one', async () => {
    const { files, items, inLast, whole } = await crashed()
    const bytes = Uint8Array.from(whole)
    bytes[whole.length - 1] = (bytes[whole.length - 1] as number) ^ 1
    const { cut, all } = await recover(new Map(files).set(LAST, bytes))
    const start = endOf(inLast[1] as LaidItem[])
    expect(cut).toMatchObject([{ index: 1, position: start - FILE_HEADER, bytes: whole.length - start, savedAs: expect.any(String) }])
    expect(all.length).toBe(items.length - 2)
  })

  test('several writes that were never synced is cut off at the first that did not arrive', async () => {
    const store = await openStore({ ...SMALL, durability: 'os', maxBufferItems: 1 })
    const items: LaidItem[] = []
    for (const size of [20, 30, 40, 50]) {
      items.push(...(await addItems(store.db, size)))
      await addItems(store.db, 1)
      while ((await store.db.stats()).buffered.items > 0) await new Promise(setImmediate)
    }
    const files = await copyFiles(store.memory)
    const bytes = Uint8Array.from(fileOf(files, 'data00000.dat'))
    const lost = (items[2] as LaidItem).location.position
    bytes.fill(0, physical(lost), physical(lost + 20))
    const { all, cut } = await recover(new Map([['data00000.dat', bytes]]))
    expect(all.at(-1)?.location.position).toBeLessThan(lost)
    expect(cut.length).toBe(1)
    expect((cut[0] as { position: number }).position).toBeLessThanOrEqual(lost)
  })
})

describe('what recovery keeps and can not prove durable', () => {
  test('is written again with the same bytes and synced before anything is served', async () => {
    const { files, inLast, whole } = await crashed()
    const { disk } = await recover(files)
    // The last block says that everything before the one before it was durable.
    const rewrites = disk.calls.filter(({ kind }) => kind === 'sync')
    expect(rewrites).toMatchObject([{ name: LAST, position: endOf(inLast[1] as LaidItem[]) }])
    expect(rewrites[0]?.position).toBeLessThan(whole.length)
    const changed = disk.calls.filter(({ kind }) => ['append', 'truncate', 'create', 'remove', 'replace'].includes(kind))
    expect(changed).toEqual([])
  })

  test('is the whole file where it has no block', async () => {
    const { files, whole } = await crashed()
    const { disk } = await recover(new Map(files).set(LAST, whole.subarray(0, FILE_HEADER)))
    expect(disk.calls.filter(({ kind }) => kind === 'sync')).toMatchObject([{ name: LAST, position: 0 }])
  })

  test('is looked at with its checksums, while what is proven is not read again', async () => {
    const store = await openStore({ maxFileSize: 1024 * 1024, maxBufferSize: 256 * 1024 })
    await layBlocks(store.db, ...Array.from({ length: 6 }, () => [100_000]))
    const files = await copyFiles(store.memory)
    const { db, disk } = newStore(store.options, await diskOf(files))
    await db.start()
    const read = disk.calls.reduce((sum, { kind, size }) => sum + (kind === 'read' ? (size ?? 0) : 0), 0)
    expect(read).toBeLessThan(2 * fileOf(files, 'data00000.dat').length)
    await db.stop()
  })

  test('makes the start fail where it can not be written, and the next one does it', async () => {
    const { files, items, whole } = await crashed()
    for (const kind of ['truncate', 'sync', 'read', 'size', 'open'] as const) {
      const store = newStore(SMALL, await diskOf(new Map(files).set(LAST, whole.subarray(0, -5))))
      store.disk.inject({ kind, name: LAST, fault: fail('IO') })
      expect(await codeOf(store.db.start())).toBe('IO')
      expect(store.db.state).toBe('stopped')
      expect(store.disk.openFiles).toEqual([])
      expect(store.disk.locks).toBe(0)
      await store.db.start()
      expect((await collect(store.db.scan())).length).toBe(items.length - 2)
      await store.db.stop()
    }
  })
})

describe('what recovery cuts off', () => {
  test('is kept for the newest four times', async () => {
    const store = await openStore({ maxFileSize: 64 * 1024 })
    await layBlocks(store.db, [20])
    let files = await copyFiles(store.memory)
    const positions: number[] = []
    for (let round = 0; round < 7; round++) {
      const bytes = fileOf(files, 'data00000.dat')
      positions.push(bytes.length - FILE_HEADER)
      const next = newStore(store.options, await diskOf(new Map(files).set('data00000.dat', joined(bytes, Uint8Array.of(round + 1)))))
      await next.db.start()
      await layBlocks(next.db, [30])
      files = await copyFiles(next.memory)
      const cuts = [...files.keys()].filter((name) => name.startsWith('.cut'))
      expect(cuts.sort()).toEqual(
        positions
          .slice(-4)
          .map((position) => `.cut.data00000.dat.${position}`)
          .sort(),
      )
      expect(fileOf(files, `.cut.data00000.dat.${positions.at(-1)}`)).toEqual(Uint8Array.of(round + 1))
    }
  })

  test('is kept anew where a recovery was interrupted and comes to the same place', async () => {
    const { files, whole } = await crashed()
    const tail = Uint8Array.of(9, 9, 9)
    const name = `.cut.${LAST}.${whole.length - FILE_HEADER}`
    const { memory } = await recover(new Map(files).set(LAST, joined(whole, tail)).set(name, Uint8Array.of(9)))
    expect(fileOf(await copyFiles(memory), name)).toEqual(tail)
  })

  test.each(['create', 'append', 'sync', 'close', 'remove'] as const)(
    'is not kept where that fails (%s): a full disk does not keep a store from opening',
    async (kind) => {
      const { files, items, whole } = await crashed()
      const warnings: string[] = []
      const logger: Logger = { debug() {}, info() {}, warn: (text) => void warnings.push(text), error() {} }
      const store = newStore({ ...SMALL, logger }, await diskOf(new Map(files).set(LAST, whole.subarray(0, -3))))
      store.disk.inject({
        kind,
        name: /^\.cut/,
        times: kind === 'close' ? 1 : Number.POSITIVE_INFINITY,
        fault: fail('NO_SPACE', { when: kind === 'close' ? 'after' : 'before' }),
      })
      const events = recordEvents(store.db)
      await store.db.start()
      const told = events.find(({ name }) => name === 'recover')
      expect(told).toMatchObject({ cut: [{ index: 1, removed: false }] })
      expect((await collect(store.db.scan())).length).toBe(items.length - 2)
      if (kind === 'create') expect(JSON.stringify(told)).not.toContain('savedAs')
      if (kind !== 'close') expect(warnings.some((text) => text.includes('could not be kept'))).toBe(true)
      await store.db.stop()
      expect(store.disk.openFiles).toEqual([])
    },
  )
})

describe('a write that failed behind a clean end', () => {
  test('and was cut off before its process ended does not come back by a power loss after the next start', async () => {
    const disk = powerLossBackend()
    const stopped = await Varve.open(disk, SMALL)
    const kept = await stopped.add(Buffer.from('kept'))
    await stopped.stop()
    const failing = faultyBackend(disk)
    const writer = await Varve.open(failing, SMALL)
    failing.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: fail('IO', { when: 'after' }) })
    const lost = await writer.add(Buffer.from('lost'))
    await writer.flush().catch(() => undefined)
    expect(failing.count('truncate')).toBeGreaterThan(0)
    failing.inject({ kind: 'sync', times: Number.POSITIVE_INFINITY, fault: fail('IO') })
    await writer.flush().catch(() => undefined)
    await failing.end()
    const next = await Varve.open(disk, SMALL)
    expect(await next.read(lost)).toBeUndefined()
    for (const state of disk.crashStates()) {
      const after = await Varve.open(state.backend(), { ...SMALL, readOnly: true })
      expect([await after.read(kept), await after.read(lost)]).toEqual([Uint8Array.from(Buffer.from('kept')), undefined])
      await after.stop()
    }
    await next.stop()
  })
})
