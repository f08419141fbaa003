import { fail, hold } from '@varve/backend/faults'
import { KiB } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { fileLengths, inject, openStore } from './support/test-store.js'

failOnUnhandledRejections()

test('of a new store are those of one empty file', async () => {
  const { db } = await openStore()
  expect(await db.stats()).toEqual({
    state: 'running',
    files: 1,
    firstIndex: 0,
    lastIndex: 0,
    bytes: 64,
    firstSequence: 0,
    nextSequence: 0,
    durableSequence: 0,
    buffered: { items: 0, bytes: 0 },
    flushes: 0,
    syncs: 0,
    reads: { memory: 0, backend: 0 },
    openFiles: 1,
    lock: expect.stringContaining('in-process lock'),
  })
})

test('count what is accepted, what is laid down and what is durable apart', async () => {
  const { db, disk } = await openStore()
  await db.addMany(items(3, 100))
  expect(await db.stats()).toMatchObject({ nextSequence: 3, durableSequence: 0, buffered: { items: 3 }, bytes: 64, flushes: 0 })
  const gate = inject(disk, hold(), { kind: 'append' })
  const flushed = db.flush()
  await gate.reached
  await db.add(item(10))
  expect(await db.stats()).toMatchObject({ nextSequence: 4, durableSequence: 0, buffered: { items: 4 }, bytes: 64, flushes: 0 })
  gate.release()
  await flushed
  expect(await db.stats()).toMatchObject({
    nextSequence: 4,
    durableSequence: 3,
    buffered: { items: 1 },
    bytes: 64 + 44 + 324,
    flushes: 1,
    syncs: 1,
  })
  await db.flush()
  expect(await db.stats()).toMatchObject({ nextSequence: 4, durableSequence: 4, buffered: { items: 0, bytes: 0 }, flushes: 2, syncs: 2 })
})

describe('the bytes that are buffered', () => {
  test('are the memory taken, its waste included', async () => {
    const { db } = await openStore({ maxBufferSize: 4 * KiB, maxFileSize: 64 * KiB })
    await db.add(item(1))
    expect((await db.stats()).buffered).toEqual({ items: 1, bytes: 4 * KiB })
    await db.add(item(2))
    expect((await db.stats()).buffered).toEqual({ items: 2, bytes: 4 * KiB })
  })

  test('are none once all is laid down', async () => {
    const { db } = await openStore()
    await db.addMany(items(2000, 50))
    await db.flush()
    expect((await db.stats()).buffered).toEqual({ items: 0, bytes: 0 })
  })
})

test('tell the files and their bytes across rotation, as they are on the medium', async () => {
  const { db, memory } = await openStore({ maxFileSize: 512 })
  await db.addMany(items(6, 200), { durable: true })
  const lengths = [...(await fileLengths(memory)).values()]
  expect(await db.stats()).toMatchObject({ files: 6, firstIndex: 0, lastIndex: 5, bytes: lengths.reduce((sum, length) => sum + length, 0) })
})

test('tell the first index and sequence that are left', async () => {
  const { db } = await openStore({ maxFileSize: 512, overwrite: true })
  await db.addMany(items(6, 200), { durable: true })
  await db.dropIndex(0)
  expect(await db.stats()).toMatchObject({ files: 5, firstIndex: 1, lastIndex: 5, firstSequence: 1, nextSequence: 6 })
})

test('count reads by where they came from', async () => {
  const { db } = await openStore()
  const location = await db.add(item(100))
  await db.read(location)
  db.readSync(location)
  await db.flush()
  await db.readMany([location, location])
  db.readSync(location)
  const { reads } = await db.stats()
  expect(reads).toEqual({ memory: 2, backend: 3 })
  await db.read({ index: 7, position: 44, size: 1 })
  expect((await db.stats()).reads).toEqual(reads)
})

test('count flushes and syncs since the start', async () => {
  const { db } = await openStore({ maxFileSize: 512 })
  for (const data of items(4, 200)) await db.add(data, { durable: true })
  const { flushes, syncs } = await db.stats()
  expect(flushes).toBe(4)
  // Each file but the last was synced for its item and for its closing block.
  expect(syncs).toBe(7)
  await db.stop()
  await db.start()
  expect(await db.stats()).toMatchObject({ flushes: 0, syncs: 0, reads: { memory: 0, backend: 0 } })
})

test('can be had of a failed store', async () => {
  const { db, disk } = await openStore()
  await db.add(item(1), { durable: true })
  inject(disk, fail('IO'), { kind: 'sync' })
  expect(await codeOf(db.add(item(2), { durable: true }))).toBe('FAILED')
  expect(await db.stats()).toMatchObject({ state: 'failed', durableSequence: 1, nextSequence: 2 })
})

test('of a reader are those of what it can see, without a lock', async () => {
  const writer = await openStore({ maxFileSize: 512 })
  await writer.db.addMany(items(3, 200), { durable: true })
  const { db } = await openStore({ readOnly: true, maxFileSize: 512 }, writer.memory)
  const seen = await db.stats()
  expect(seen).toMatchObject({
    state: 'running',
    files: 3,
    firstIndex: 0,
    lastIndex: 2,
    firstSequence: 0,
    nextSequence: 3,
    lock: undefined,
  })
  await writer.db.add(item(200), { durable: true })
  await settle()
  expect(await db.stats()).toMatchObject({ files: 4, lastIndex: 3, nextSequence: 4, bytes: (await writer.db.stats()).bytes })
  await db.stop()
  await writer.db.stop()
})
