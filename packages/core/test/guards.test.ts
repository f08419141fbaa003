import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { act, hold } from '@varve/backend/faults'
import { type FileBackend, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test, vi } from 'vitest'
import { storeSeedOf } from '../src/format/checksum.js'
import { decodeFileHeader, type FileHeader } from '../src/format/file-header.js'
import { FileNaming } from '../src/format/file-name.js'
import { FileSet } from '../src/read/file-set.js'
import { OpenFile } from '../src/read/open-file.js'
import { nameOf, SMALL } from './support/damaged-stores.js'
import { settle } from './support/event-loop.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, range, sequencesOf, take } from './support/scanning.js'
import { copyFiles, diskOf, fileOf, overwrite, physical } from './support/stored-bytes.js'
import { inject, openStore } from './support/test-store.js'

failOnUnhandledRejections()

test.each([undefined, {}, 'directory', null])('a store on %j is a TypeError', async (backend) => {
  expect(() => new Varve(backend as never)).toThrow(TypeError)
  expect(await rejection(Varve.repair(backend as never))).toBeInstanceOf(TypeError)
})

test('a limit of retention that is undefined is none', async () => {
  const { db } = await openStore({ retention: { maxFiles: undefined } as never })
  await db.stop()
})

describe('the open files of a store', () => {
  async function filesOf() {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    await db.stop()
    const { genesis, storeId } = decodeFileHeader(fileOf(await copyFiles(memory), nameOf(0))) as FileHeader
    const identity = { genesis, storeId, storeSeed: storeSeedOf(storeId) }
    return { memory, files: new FileSet(memory, new FileNaming('data', 5), identity, { isBesideWriter: false }) }
  }

  test('are not opened for a reader while they are replaced, even where both were asked for at once', async () => {
    const { files } = await filesOf()
    const order: string[] = []
    const reading = files.acquire(0).then((open) => {
      order.push('open')
      return open as OpenFile
    })
    await files.exclusive(0, async () => void order.push('replaced'))
    files.release(await reading)
    expect(order).toEqual(['replaced', 'open'])
    await files.closeAll()
  })

  test('give way to the one that the writer has opened, once nobody reads the other', async () => {
    const { files, memory } = await filesOf()
    const read = (await files.acquire(0)) as OpenFile
    const written = new OpenFile(nameOf(0), await memory.open(nameOf(0)), read.header, await read.file.size())
    files.pin(written)
    expect(read.retired).toBe(true)
    expect(files.acquireOpen(0)).toBe(written)
    files.release(written)
    files.release(read)
    await files.closeAll()
  })
})

test('a backend that reads at once only what it opened at once is UNSUPPORTED for a read at once of the rest', async () => {
  const memory = memoryBackend()
  const backend: FileBackend = {
    description: 'half at once',
    list: () => memory.list(),
    open: async (name) => {
      const { size, read, append, truncate, sync, close } = await memory.open(name).then(bound)
      return { size, read, append, truncate, sync, close }
    },
    openSync: (name) => (memory.openSync as NonNullable<FileBackend['openSync']>)(name),
    create: (name) => memory.create(name),
    replace: (from, to) => memory.replace(from, to),
    remove: (name) => memory.remove(name),
    destroy: () => memory.destroy(),
    lock: () => memory.lock(),
  }
  const { db } = await openStore(SMALL, memory)
  const [[one]] = (await layBlocks(db, [20])) as [[LaidItem]]
  await db.stop()
  await using store = await Varve.open(backend, { ...SMALL, readOnly: true })
  expect(await store.read(one.location)).toEqual(one.data)
  expect(codeThrownBy(() => store.readSync(one.location))).toBe('UNSUPPORTED')
})

function bound(file: Awaited<ReturnType<FileBackend['open']>>) {
  return {
    size: () => file.size(),
    read: (target: Uint8Array, position: number) => file.read(target, position),
    append: (chunks: readonly Uint8Array[], position: number) => file.append(chunks, position),
    truncate: (size: number) => file.truncate(size),
    sync: () => file.sync(),
    close: () => file.close(),
  }
}

describe('verify', () => {
  test('begins a file again that is trimmed while it is read', async () => {
    const { db, disk } = await openStore({ maxFileSize: 2 ** 22, maxBufferSize: 2 ** 20, overwrite: true })
    const items = (await layBlocks(db, ...Array<number[]>(5).fill([400_000]))).flat()
    const before = disk.count()
    const gate = inject(disk, hold(), { kind: 'read', name: nameOf(0) })
    const verifying = db.verify()
    await gate.reached
    const trimming = db.ltrim(0, (items[1] as LaidItem).location.position)
    // The file that takes its place is written, and waits for who reads the old one.
    await vi.waitFor(() =>
      expect(disk.calls.some(({ number, kind, name }) => number > before && kind === 'sync' && name !== nameOf(0))).toBe(true),
    )
    await settle()
    gate.release()
    await trimming
    expect(await verifying).toMatchObject({ isIntact: true, items: 4 })
    await db.stop()
  })

  test('passes over a file that is dropped before it comes to it', async () => {
    const { db, disk } = await openStore(SMALL)
    await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    const gate = inject(disk, hold(), { kind: 'open', name: nameOf(0) })
    const verifying = db.verify()
    await gate.reached
    const dropping = (async () => {
      for (const index of [0, 1]) await db.dropIndex(index)
    })()
    gate.release()
    await dropping
    expect(await verifying).toMatchObject({ isIntact: true })
    await db.stop()
  })
})

test('a scan around damage goes on where a file is trimmed meanwhile', async () => {
  const { db, memory } = await openStore({ ...SMALL, maxFileSize: 4096 })
  const items = (await layBlocks(db, ...Array<number[]>(10).fill([60, 60]))).flat()
  await fillUpTo(db, 1, 1000)
  const { position } = (items[1] as LaidItem).location
  overwrite(memory, nameOf(0), (bytes) => bytes.fill(7, physical(position) + 10, physical(position) + 15))
  const told: number[] = []
  const scan = db.scan({ onDamage: ({ position }) => told.push(position) })
  expect(sequencesOf(await take(scan, 1))).toEqual([0])
  await db.rtrim(0, (items[16] as LaidItem).location.position).catch(() => undefined)
  const found = sequencesOf(await collect(scan))
  expect(found.slice(0, 14)).toEqual(range(2, 16))
  expect(told).toHaveLength(1)
  await db.stop()
})

test('a buffered scan gives a large block that lies in several pieces of memory, from anywhere in it', async () => {
  const { db, disk } = await openStore({ maxBufferSize: 2 ** 23, maxFileSize: 2 ** 25 })
  const gate = inject(disk, hold(), { kind: 'append', name: nameOf(0) })
  const locations = []
  for (let n = 0; n < 60; n++) locations.push(await db.add(new Uint8Array(100_000).fill(n)))
  await gate.reached
  const all = await collect(db.scan({ buffered: true }))
  expect(all.map(({ data }) => data[99_999])).toEqual(range(0, 60))
  for (const n of [1, 20, 40, 59]) {
    const found = await collect(db.scan({ buffered: true, from: { location: locations[n] as (typeof locations)[number] } }))
    expect(found.map(({ data }) => data[0])).toEqual(range(n, 60))
  }
  const scan = db.scan({ buffered: true })
  expect(await take(scan, 30)).toHaveLength(30)
  gate.release()
  await db.flush()
  expect((await collect(scan)).map(({ data }) => data[0])).toEqual(range(30, 60))
  await db.stop()
})

test('a scan from a time finds its beginning where a file that it looks at is gone', async () => {
  const { db, memory } = await openStore(SMALL)
  await fillUpTo(db, 4)
  await db.stop()
  const { db: next } = await openStore(SMALL, memory)
  await memory.remove(nameOf(2))
  expect(await codeOf(collect(next.scan({ from: { time: 1 } })))).toBe('FILE_MISSING')
  await next.stop()
})

test('an item that is damaged on a real disk is CORRUPT for a read that finds its file open', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'varve-guards-'))
  try {
    await using db = await Varve.open(fsBackend(directory), { cacheSize: 0 })
    const [[first, second]] = (await layBlocks(db, [20, 30])) as [[LaidItem, LaidItem]]
    expect(await db.read(first.location)).toEqual(first.data)
    const file = await open(join(directory, nameOf(0)), 'r+')
    await file.write(Uint8Array.of(0x55, 0xaa, 0x55), 0, 3, physical(second.location.position) + 12)
    await file.close()
    expect(await codeOf(db.read(second.location))).toBe('CORRUPT')
    expect(await db.read(first.location)).toEqual(first.data)
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('a reader that finds every file gone says where the store was', async () => {
  const { db, memory } = await openStore(SMALL)
  await fillUpTo(db, 2)
  await db.stop()
  const { db: reader, disk } = await openStore({ ...SMALL, readOnly: true }, await diskOf(await copyFiles(memory)))
  const gone = act('all is removed', async (_, inner) => {
    for (const name of await inner.list()) await inner.remove(name)
  })
  disk.inject({ kind: 'list', fault: gone })
  const stats = await reader.stats()
  expect(stats).toMatchObject({ firstIndex: 0, lastIndex: 2, files: 0 })
  expect(await reader.read({ index: 1, position: 44, size: 100 })).toBeUndefined()
  await reader.stop()
})
