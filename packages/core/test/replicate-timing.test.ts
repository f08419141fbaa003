import { fail, faultyBackend, hold } from '@varve/backend/faults'
import { type ReplicationProgress, replicate, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test, vi } from 'vitest'
import { expectEqual, itemsOf, SMALL } from './support/copies.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { leasedBackend } from './support/leased-backend.js'
import type { ManualClock } from './support/manual-clock.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { FILE_HEADER, overwrite } from './support/stored-bytes.js'
import { inject, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

const AT_ONCE = { interval: 0 } as const
const LARGE = { maxFileSize: 2 ** 23, maxBufferSize: 2 ** 20, overwrite: true } as const
const NAME = 'data00000.dat'

/** Lets time pass until a promise is settled, which waits for tries that come later and later. */
async function outlast<T>(promise: Promise<T>, clock: ManualClock): Promise<T> {
  let isOver = false
  const over = (): void => void (isOver = true)
  promise.then(over, over)
  await vi.waitFor(() => {
    clock.advance(30_000)
    expect(isOver).toBe(true)
  })
  return promise
}

describe('a replication', () => {
  test('that is ended before it begins copies nothing', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    const replication = replicate(db, copy, { signal: AbortSignal.abort() })
    expect(replication.progress).toMatchObject({ state: 'copying', sequence: 0, copiedBytes: 0 })
    expect(await replication.done).toMatchObject({ state: 'ended', sequence: 0 })
    expect(await copy.list()).toEqual([])
    await db.stop()
  })

  test.each(['following', 'waiting'] as const)('that is ended by what it tells, when it is %s, ends', async (state) => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = faultyBackend(memoryBackend())
    if (state === 'waiting') copy.inject({ kind: 'append', fault: fail('IO') })
    const ending = new AbortController()
    const onProgress = (progress: ReplicationProgress): void => {
      if (progress.state === state) ending.abort()
    }
    const replication = replicate(db, copy, { ...AT_ONCE, signal: ending.signal, onProgress })
    expect(await replication.done).toMatchObject({ state: 'ended', sequence: state === 'following' ? 1 : 0 })
    await db.stop()
  })

  test('begins a file again that is trimmed while it is being copied', async () => {
    const { db } = await openStore(LARGE)
    const items = (await layBlocks(db, Array(8).fill(300_000))).flat()
    const copy = faultyBackend(memoryBackend())
    const gate = inject(copy, hold(), { kind: 'append' })
    await using replication = replicate(db, copy, AT_ONCE)
    await gate.reached
    await db.ltrim(0, (items[1] as LaidItem).location.position)
    gate.release()
    await replication.caughtUp()
    await using reader = await Varve.open(copy, { ...LARGE, readOnly: true })
    expect(await collect(reader.locations())).toEqual(await collect(db.locations()))
    expect(await reader.verify()).toMatchObject({ isIntact: true, items: 7 })
    await db.stop()
  })

  test('passes over files that are dropped before it comes to them', async () => {
    const { db, clock } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = faultyBackend(memoryBackend())
    await using replication = replicate(db, copy, { interval: 1000 })
    await replication.caughtUp()
    const gate = inject(copy, hold(), { kind: 'append' })
    await fillUpTo(db, 3)
    await vi.waitFor(() => {
      clock.advance(1000)
      expect(gate.waiting).toBe(1)
    })
    for (const index of [0, 1]) await db.dropIndex(index)
    gate.release()
    await replication.caughtUp()
    await expectEqual(db, copy)
    await db.stop()
  })

  test('lags behind what becomes durable while it copies, and tells by how much', async () => {
    const { db, clock } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = faultyBackend(memoryBackend())
    const told: ReplicationProgress[] = []
    await using replication = replicate(db, copy, { ...AT_ONCE, onProgress: (progress) => void told.push(progress) })
    await replication.caughtUp()
    const gate = inject(copy, hold(), { kind: 'append' })
    await layBlocks(db, [30])
    await gate.reached
    clock.advance(70)
    await layBlocks(db, [40])
    gate.release()
    await replication.caughtUp()
    expect(told.find(({ sequence }) => sequence === 2)).toMatchObject({ durableSequence: 3, lag: 70 })
    expect(replication.progress).toMatchObject({ sequence: 3, lag: 0 })
    await expectEqual(db, copy)
    await db.stop()
  })

  test('whose lock is lost within a write is locked again, and goes on', async () => {
    const { db, clock } = await openStore(SMALL)
    const events = recordEvents(db)
    await layBlocks(db, [20])
    const disk = faultyBackend(memoryBackend())
    const copy = leasedBackend(disk)
    await using replication = replicate(db, copy, AT_ONCE)
    await replication.caughtUp()
    const gate = inject(disk, hold(), { kind: 'append' })
    await layBlocks(db, [30])
    await gate.reached
    copy.lose(new Error('the lease ran out'))
    gate.release()
    await vi.waitFor(() => expect(replication.progress.state).toBe('waiting'))
    expect(events.filter(({ name }) => name === 'failure')).toHaveLength(1)
    await outlast(replication.caughtUp(), clock)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('that can not begin keeps the files that retention is to leave to it', async () => {
    const { db } = await openStore({ maxFileSize: 1024, retention: { maxFiles: 1, replicas: 1 } })
    const copy = faultyBackend(memoryBackend())
    copy.inject({ kind: 'lock', times: Number.POSITIVE_INFINITY, fault: fail('IO') })
    await using replication = replicate(db, copy, AT_ONCE)
    await vi.waitFor(() => expect(replication.progress.state).toBe('waiting'))
    await fillUpTo(db, 2)
    expect(await db.stats()).toMatchObject({ firstIndex: 0, lastIndex: 2 })
    await db.stop()
  })
})

describe('a source', () => {
  test('with a damaged file header ends it with CORRUPT, after some tries', async () => {
    const before = await openStore(SMALL)
    await fillUpTo(before.db, 1)
    await before.db.stop()
    overwrite(before.memory, NAME, (bytes) => bytes.fill(0x55, 0, 8))
    const { db, clock } = await openStore(SMALL, before.memory)
    const replication = replicate(db, memoryBackend(), AT_ONCE)
    expect(await codeOf(outlast(replication.done, clock))).toBe('CORRUPT')
    await db.stop()
  })

  test.each<[string, number, number, (bytes: Uint8Array, at: number) => unknown]>([
    ['a damaged header', 0, 0, (bytes) => bytes.fill(0x55, 0, 8)],
    ['a damaged block with others behind it', 1, 2, (bytes, at) => bytes.fill(0x55, at + 4, at + 30)],
  ])('of a writer elsewhere whose last file has %s ends it with CORRUPT', async (_, copied, n, damage) => {
    const { db, memory } = await openStore(SMALL)
    const [first, second] = (await layBlocks(db, [20], [30])).flat() as [LaidItem, LaidItem]
    const { db: reader, clock } = await openStore({ ...SMALL, readOnly: true }, memory)
    const copy = memoryBackend()
    const replication = replicate(reader, copy, AT_ONCE)
    const ended = codeOf(replication.done)
    if (copied > 0) await outlast(replication.caughtUp(), clock)
    const at = FILE_HEADER + (n === 0 ? first : second).location.position - 44
    overwrite(memory, NAME, (bytes) => void damage(bytes, at))
    for (let round = 0; round < 4; round++) {
      await layBlocks(db, [10])
      clock.advance(1000)
      await vi.waitFor(() => clock.advance(30))
    }
    expect(await outlast(ended, clock)).toBe('CORRUPT')
    await reader.stop()
    await db.stop()
  })

  test('of a writer elsewhere is followed on where a file that was copied is gone', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const { db: reader, clock } = await openStore({ ...SMALL, readOnly: true }, memory)
    const copy = memoryBackend()
    await using replication = replicate(reader, copy, AT_ONCE)
    await replication.caughtUp()
    await memory.remove('data00001.dat')
    await layBlocks(db, [10], [20])
    await outlast(replication.caughtUp(), clock)
    expect(await copy.list()).toContain('data00001.dat')
    expect(replication.progress.state).toBe('following')
    await reader.stop()
    await db.stop()
  })

  test('of a writer elsewhere is passed over while its newest file has no header', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const reader = await Varve.open(memory, { ...SMALL, readOnly: true })
    await (await memory.create('data00002.dat')).close()
    const copy = memoryBackend()
    await using replication = replicate(reader, copy, AT_ONCE)
    await replication.caughtUp()
    expect(await copy.list()).not.toContain('data00002.dat')
    expect((await itemsOf(copy)).length).toBeGreaterThan(0)
    await reader.stop()
    await db.stop()
  })
})
