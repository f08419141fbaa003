import { crc32 } from 'node:zlib'
import { fail, hold, readFiles } from '@varve/backend/faults'
import { type Cursor, replicate, Varve, type VarveError } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test, vi } from 'vitest'
import { encodeCursor } from '../src/format/cursor-file.js'
import { settle, stateOf } from './support/event-loop.js'
import { layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { diskOf, fileOf, overwrite } from './support/stored-bytes.js'
import { inject, openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true, timeout: 1000 } as const
const FILE = 'cursor-indexer'
const TEMPORARY = '.tmp.cursor-indexer'

/** A store of three items with a cursor behind the first one. */
async function withCursor(): Promise<TestStore & { readonly cursor: Cursor }> {
  const store = await openStore(SMALL)
  await layBlocks(store.db, [20, 30], [40])
  const cursor = await store.db.cursor('indexer')
  await cursor.commit({ sequence: 0 })
  return { ...store, cursor }
}

describe('a cursor', () => {
  test.each([-1, 1.5, Number.NaN, '1', undefined])('is not moved to %j, which is no sequence', async (sequence) => {
    const { db, cursor } = await withCursor()
    const item = { sequence: sequence as number }
    expect(await rejection(cursor.commit(item))).toBeInstanceOf(TypeError)
    if (typeof sequence === 'number') expect(await rejection(cursor.reset(item))).toBeInstanceOf(TypeError)
    expect(cursor.position).toBe(1)
    await db.stop()
  })

  test('gives its items up to where it is told to end, and until its signal', async () => {
    const { db, cursor } = await withCursor()
    expect(sequencesOf(await collect(cursor.items({ to: { sequence: 2 } })))).toEqual([1])
    expect(await rejection(collect(cursor.items({ signal: AbortSignal.abort(new Error('enough')) })))).toMatchObject({ message: 'enough' })
    await db.stop()
  })

  test('that is committed again while a commit fails is where the later one says', async () => {
    const { db, disk, cursor } = await withCursor()
    const gate = inject(disk, hold(), { kind: 'append', name: TEMPORARY })
    const first = cursor.commit({ sequence: 1 })
    await gate.reached
    const second = cursor.commit({ sequence: 2 })
    gate.fail('NO_SPACE')
    expect(await codeOf(first)).toBe('NO_SPACE')
    await second
    expect(cursor.position).toBe(3)
    await db.stop()
  })

  test('is not moved where the store fails while its file is being written', async () => {
    const { db, disk, memory, cursor } = await withCursor()
    const before = fileOf(await readFiles(memory), FILE)
    const gate = inject(disk, hold(), { kind: 'sync', name: TEMPORARY })
    const committing = cursor.commit({ sequence: 2 })
    await gate.reached
    disk.inject({ kind: 'sync', name: 'data00000.dat', fault: fail('IO') })
    expect(await codeOf(db.add(Buffer.from('x'), { durable: true }))).toBe('FAILED')
    gate.release()
    expect(await codeOf(committing)).toBe('FAILED')
    expect(cursor.position).toBe(1)
    expect(fileOf(await readFiles(memory), FILE)).toEqual(before)
    await db.stop()
  })

  test.each(['sync', 'replace'] as const)(
    'keeps the lock of a store that fails until its file is written: it waits in a %s',
    async (kind) => {
      const { db, disk, memory, options } = await withCursor()
      const cursor = await db.cursor('indexer')
      const gate = inject(disk, hold(), { kind, name: TEMPORARY })
      const committing = rejectedOrNot(cursor.commit({ sequence: 2 }))
      await gate.reached
      disk.inject({ kind: 'sync', name: 'data00000.dat', fault: fail('IO') })
      expect(await codeOf(db.add(Buffer.from('x'), { durable: true }))).toBe('FAILED')
      const stopping = db.stop()
      expect(await stateOf(stopping)).toBe('pending')
      expect(await codeOf(Varve.open(memory, options))).toBe('LOCKED')
      gate.release()
      expect(await committing).toBe(kind === 'sync' ? 'FAILED' : 'done')
      await stopping
      await using next = await Varve.open(memory, options)
      expect((await next.cursor('indexer')).position).toBe(kind === 'sync' ? 1 : 3)
    },
  )

  test('whose file can not be written in time makes a stop fail, and is not moved after it', async () => {
    const { db, disk, clock, memory, cursor } = await withCursor()
    const before = fileOf(await readFiles(memory), FILE)
    const gate = inject(disk, hold(), { kind: 'sync', name: TEMPORARY })
    const committing = rejectedOrNot(cursor.commit({ sequence: 2 }))
    await gate.reached
    const stopping = rejectedOrNot(db.stop())
    await vi.waitFor(() => expect(clock.timers).not.toEqual([]))
    clock.advance(1000)
    await vi.waitFor(() => expect(db.state).toBe('failed'))
    clock.advance(1000)
    expect(await stopping).toBe('TIMEOUT')
    gate.release()
    expect(await committing).toBe('FAILED')
    expect(fileOf(await readFiles(memory), FILE)).toEqual(before)
    await db.stop()
  })
})

async function rejectedOrNot(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'done',
    (error: VarveError) => error.code,
  )
}

describe('the file of a cursor', () => {
  test('that can not be read is the error of the medium, for all who need it', async () => {
    const { db, disk } = await withCursor()
    await db.stop()
    await db.start()
    disk.inject({ kind: 'open', name: FILE, fault: fail('IO'), times: Number.POSITIVE_INFINITY })
    expect(await codeOf(db.cursor('indexer'))).toBe('IO')
    expect(await codeOf(db.cursors())).toBe('IO')
    expect(await codeOf(db.copyTo(memoryBackend()))).toBe('IO')
    expect(await codeOf(db.verify())).toBe('IO')
    await db.stop()
  })

  test.each<[string, (db: Varve) => Promise<unknown>, unknown]>([
    ['a list of the cursors', (db) => db.cursors(), []],
    ['a copy', (db) => db.copyTo(memoryBackend()), { files: 1 }],
    ['verify', (db) => db.verify(), { isIntact: true, damagedCursors: [] }],
  ])('that is removed by somebody else while it is looked for is none, for %s', async (_, look, expected) => {
    const { db, disk, memory } = await withCursor()
    const gate = inject(disk, hold(), { kind: 'open', name: FILE })
    const looking = look(db)
    await gate.reached
    await memory.remove(FILE)
    gate.release()
    expect(await looking).toMatchObject(expected as object)
    await db.stop()
  })

  test.each<[string, number, string]>([
    ['of a newer version', 8, 'UNSUPPORTED_VERSION'],
    ['of another length', 10, 'CORRUPT'],
    ['with a sequence that no store comes to', 35, 'CORRUPT'],
    ['with a time that no clock shows', 43, 'CORRUPT'],
    ['with something in its unused bytes', 50, 'CORRUPT'],
  ])('%s is refused, though its checksum is right', async (_, at, code) => {
    const { db, memory } = await withCursor()
    await db.stop()
    overwrite(memory, FILE, (bytes) => {
      bytes[at] = 0x77
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      view.setUint32(60, crc32(bytes.subarray(0, 60), crc32('indexer')), true)
      return bytes
    })
    await db.start()
    expect(await codeOf(db.cursor('indexer'))).toBe(code)
    await db.stop()
  })
})

describe('a copy', () => {
  test('writes a cursor that has not moved no second time, and one that was committed again anew', async () => {
    const { db, clock, cursor } = await withCursor()
    const { disk, memory: copy } = await openCopy()
    await db.copyTo(disk)
    const files = await readFiles(copy)
    const before = disk.count('replace')
    await db.copyTo(disk)
    expect(disk.count('replace')).toBe(before)
    clock.advance(1000)
    await cursor.reset({ sequence: 1 })
    await db.copyTo(disk)
    expect(disk.count('replace')).toBe(before + 1)
    expect(fileOf(await readFiles(copy), FILE)).not.toEqual(fileOf(files, FILE))
    await db.stop()
  })

  test('leaves out a cursor that says more than the store has, and a replica waits for what it says', async () => {
    const { db, memory } = await withCursor()
    await db.stop()
    const files = await readFiles(memory)
    const storeId = fileOf(files, 'data00000.dat').slice(16, 32)
    files.set(FILE, encodeCursor('indexer', { storeId, sequence: 4, timestamp: 0 }))
    const { db: ahead, disk } = await openStore(SMALL, await diskOf(files))
    const copy = memoryBackend()
    await ahead.copyTo(copy)
    expect(await copy.list()).toEqual(['data00000.dat'])
    await using replication = replicate(ahead, copy, { interval: 0 })
    await replication.caughtUp()
    await replication.caughtUp()
    const before = disk.count()
    await settle()
    expect(disk.count()).toBe(before)
    expect(await copy.list()).toEqual(['data00000.dat'])
    await layBlocks(ahead, [10])
    await vi.waitFor(async () => expect(await copy.list()).toEqual([FILE, 'data00000.dat']))
    await ahead.stop()
  })
})

/** Where a copy goes, with its calls counted. */
async function openCopy() {
  const { db, disk, memory } = await openStore(SMALL)
  await db.stop()
  for (const name of await memory.list()) await memory.remove(name)
  return { disk, memory }
}
