import { fail, faultyBackend, hold, readFiles } from '@varve/backend/faults'
import { type ReplicationProgress, replicate, type ScannedLocation, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, onTestFinished, test } from 'vitest'
import { dataFiles, expectEqual, itemsOf, SMALL } from './support/copies.js'
import { settle, stateOf } from './support/event-loop.js'
import { items } from './support/items.js'
import { addItems, commitItems, fillUpTo, layBlocks } from './support/layout.js'
import { leasedBackend } from './support/leased-backend.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

const AT_ONCE = { interval: 0 } as const

describe('a replication of a running store', () => {
  test('has what is there at first and what becomes durable later, and ends byte for byte the same when the store stops', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    const replication = replicate(db, copy, AT_ONCE)
    await replication.caughtUp()
    await expectEqual(db, copy)
    for (let round = 0; round < 5; round++) {
      await layBlocks(db, [20, 300], [400])
      await replication.caughtUp()
      await expectEqual(db, copy)
    }
    await commitItems(db, ...Array.from({ length: 9 }, () => 250))
    await addItems(db, 30)
    await db.stop()
    expect(await replication.done).toMatchObject({ state: 'ended', lag: 0, error: undefined })
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
  })

  test('follows without being asked, and touches nothing while nothing happens', async () => {
    const { db, clock } = await openStore(SMALL)
    const copy = faultyBackend(memoryBackend())
    await using replication = replicate(db, copy)
    await layBlocks(db, [20])
    await replication.caughtUp()
    const timers = clock.timers.length
    clock.advance(500)
    await settle()
    const before = copy.count()
    clock.advance(3_600_000)
    await settle()
    expect(copy.count()).toBe(before)
    expect(clock.timers.length).toBeLessThanOrEqual(timers)
    await layBlocks(db, [30])
    await settle()
    expect(replication.progress).toMatchObject({ sequence: 1, durableSequence: 2 })
    clock.advance(500)
    await settle()
    expect(replication.progress).toMatchObject({ state: 'following', sequence: 2, durableSequence: 2, lag: 0 })
    await db.stop()
  })
})

describe('trims, drops and rotations', () => {
  test('are followed, each as it comes', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 4)
    const copy = memoryBackend()
    await using replication = replicate(db, copy, AT_ONCE)
    const follow = async () => {
      await replication.caughtUp()
      await expectEqual(db, copy)
    }
    await follow()
    const second = async (index: number) =>
      ((await collect(db.locations())).filter(({ location }) => location.index === index)[1] as ScannedLocation).location
    await db.ltrim(1, (await second(1)).position)
    await follow()
    await db.rtrim(2, (await second(2)).position)
    await follow()
    await db.dropIndex(3)
    await follow()
    await db.dropIndex(0)
    await follow()
    expect([...(await dataFiles(copy)).keys()]).not.toContain('data00000.dat')
    await layBlocks(db, [50], [60], [70])
    await follow()
    const { lastIndex } = await db.stats()
    await db.ltrim(lastIndex, (await second(lastIndex)).position)
    await layBlocks(db, [50])
    await follow()
    await db.rtrim(lastIndex, (await second(lastIndex)).position)
    await follow()
    await layBlocks(db, [50])
    await follow()
    const { lastIndex: all } = await db.stats()
    for (let index = 1; index <= all; index++) await db.dropIndex(index).catch(() => undefined)
    await follow()
    await layBlocks(db, [20])
    await follow()
    await db.stop()
    await replication.done
    expect((await replication.done).sequence).toBeGreaterThan(20)
  })

  test('a copy that is promoted between an rtrim and the file behind it gives no place out again', async () => {
    const { db } = await openStore(SMALL)
    const [first, second, third] = (await layBlocks(db, [100], [100], [100])).flat()
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const replication = replicate(db, disk, AT_ONCE)
    await replication.caughtUp()
    const gate = hold()
    disk.inject({ kind: 'create', name: '.tmp.data00001.dat', fault: gate })
    await db.rtrim(0, second!.location.position)
    await layBlocks(db, [200])
    await gate.reached
    gate.fail('NO_SPACE')
    await replication.stop()
    expect([...(await dataFiles(copy)).keys()]).toEqual(['data00000.dat'])
    const promoted = await Varve.open(copy, SMALL)
    const added = await promoted.addMany(items(6, 100), { durable: true })
    expect(added.map(({ index }) => index)).toEqual([1, 1, 1, 1, 1, 1])
    expect(await promoted.read(first!.location)).toEqual(first!.data)
    for (const { location } of [second!, third!]) expect(await promoted.read(location)).toBeUndefined()
    expect((await promoted.stats()).nextSequence).toBe(3 + 6)
    expect((await promoted.verify()).isIntact).toBe(true)
    await promoted.stop()
    await db.stop()
  })

  test('wait for a read of the file, not for the destination', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const gate = hold()
    disk.inject({ kind: 'append', name: '.tmp.data00001.dat', nth: 2, fault: gate })
    await using replication = replicate(db, disk, AT_ONCE)
    await gate.reached
    await db.dropIndex(1)
    await db.dropIndex(0)
    gate.release()
    await replication.caughtUp()
    await expectEqual(db, copy)
    await db.stop()
  })

  test('a stop right after it was asked for is copied to all the same', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const copy = memoryBackend()
    const replication = replicate(db, copy)
    await db.stop()
    expect((await replication.done).state).toBe('ended')
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
  })

  test('a stop does not wait for the destination either', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const gate = hold()
    disk.inject({ kind: 'append', nth: 2, fault: gate })
    const replication = replicate(db, disk, AT_ONCE)
    await gate.reached
    await db.stop()
    gate.release()
    await replication.done
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
  })
})

describe('what is not durable', () => {
  test('is not copied: not while its sync is under way, nor half a transaction', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    await using replication = replicate(db, copy, AT_ONCE)
    await replication.caughtUp()
    const gate = hold()
    disk.inject({ kind: 'sync', nth: 2, fault: gate })
    const committing = commitItems(db, ...Array.from({ length: 9 }, () => 250))
    await gate.reached
    await replication.caughtUp()
    expect(await itemsOf(copy)).toHaveLength(1)
    gate.release()
    await committing
    await replication.caughtUp()
    expect(await itemsOf(copy)).toHaveLength(10)
    await db.stop()
  })

  test('of a writer elsewhere is not copied before something proves it', async () => {
    const { db, memory, disk } = await openStore(SMALL)
    const reader = await Varve.open(memory, { ...SMALL, readOnly: true })
    const copy = memoryBackend()
    const replication = replicate(reader, copy, AT_ONCE)
    await replication.caughtUp()
    expect(await readFiles(copy)).toEqual(new Map())
    await layBlocks(db, [20])
    await replication.caughtUp()
    expect(await itemsOf(copy)).toHaveLength(0)
    await layBlocks(db, [30])
    await replication.caughtUp()
    expect(await itemsOf(copy)).toHaveLength(1)
    const gate = hold()
    disk.inject({ kind: 'sync', fault: gate })
    const flushing = layBlocks(db, [40])
    await gate.reached
    await replication.caughtUp()
    expect(await itemsOf(copy)).toHaveLength(2)
    gate.release()
    await flushing
    await fillUpTo(db, 2)
    await replication.caughtUp()
    expect((await itemsOf(copy)).length).toBe((await collect(db.scan())).length - 1)
    await db.stop()
    await replication.caughtUp()
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
    await reader.stop()
    await replication.done
  })

  test('of a writer elsewhere goes its ways: rotations, transactions, trims and drops are followed', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const reader = await Varve.open(memory, { ...SMALL, readOnly: true })
    const copy = memoryBackend()
    await using replication = replicate(reader, copy, AT_ONCE)
    await replication.caughtUp()
    const all = await collect(db.locations())
    const second = all.filter(({ location }) => location.index === 1)[1] as ScannedLocation
    await db.ltrim(1, second.location.position)
    const third = all.filter(({ location }) => location.index === 2)[2] as ScannedLocation
    await db.rtrim(2, third.location.position)
    await commitItems(db, ...Array.from({ length: 9 }, () => 250))
    await db.dropIndex(4)
    await db.dropIndex(0)
    await layBlocks(db, [30], [40])
    await replication.caughtUp()
    await layBlocks(db, [50])
    await replication.caughtUp()
    expect(await itemsOf(copy)).toEqual((await collect(db.scan())).slice(0, -1))
    await reader.stop()
    await db.stop()
  })
})

describe('a destination that fails', () => {
  test('is tried again, after a second and then later and later, and the copy goes on from where it was', async () => {
    const { db, clock } = await openStore(SMALL)
    const events = recordEvents(db)
    await fillUpTo(db, 1)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const told: ReplicationProgress[] = []
    const replication = replicate(db, disk, { ...AT_ONCE, onProgress: (progress) => told.push(progress) })
    await replication.caughtUp()
    disk.inject({ kind: 'append', times: 3, fault: fail('NO_SPACE') })
    await layBlocks(db, [20])
    await settle()
    for (const delay of [1000, 2000, 4000]) {
      expect(replication.progress).toMatchObject({ state: 'waiting', error: { code: 'NO_SPACE' } })
      expect(replication.progress.lag).toBeGreaterThanOrEqual(0)
      expect(clock.timers.map((timer) => timer.delay)).toContain(delay)
      clock.advance(delay)
      await settle(60)
    }
    expect(replication.progress).toMatchObject({ state: 'following', error: undefined, lag: 0 })
    await expectEqual(db, copy)
    expect(events.filter(({ name }) => name === 'failure')).toHaveLength(3)
    expect(events.filter(({ name }) => name === 'replicate').length).toBeGreaterThan(0)
    expect(told.map(({ state }) => state)).toEqual(expect.arrayContaining(['copying', 'following', 'waiting']))
    await db.stop()
    expect((await replication.done).state).toBe('ended')
  })

  test('still gets what the source had when it stopped', async () => {
    const { db, memory, clock } = await openStore(SMALL)
    const copy = memoryBackend()
    const disk = faultyBackend(copy)
    const replication = replicate(db, disk, AT_ONCE)
    await replication.caughtUp()
    disk.inject({ kind: 'append', times: 2, fault: fail('IO') })
    await fillUpTo(db, 2)
    await settle()
    await db.stop()
    for (const delay of [1000, 2000]) {
      clock.advance(delay)
      await settle(60)
    }
    await replication.done
    expect(await dataFiles(copy)).toEqual(await dataFiles(memory))
  })

  test('whose lock was lost is locked again before anything is written', async () => {
    const { db, clock } = await openStore(SMALL)
    const copy = memoryBackend()
    const leased = leasedBackend(copy)
    await using replication = replicate(db, leased, AT_ONCE)
    await replication.caughtUp()
    leased.lose(new Error('the lease ran out'))
    await settle()
    expect(replication.progress.state).toBe('waiting')
    await layBlocks(db, [20])
    clock.advance(1000)
    await settle(60)
    await expectEqual(db, copy)
    await db.stop()
  })

  test('that somebody else has written to meanwhile is written to no more', async () => {
    const { db, clock } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    const leased = leasedBackend(copy)
    const replication = replicate(db, leased, AT_ONCE)
    await replication.caughtUp()
    leased.lose(new Error('the lease ran out'))
    await settle()
    const promoted = await Varve.open(copy, SMALL)
    await layBlocks(promoted, [77])
    await promoted.stop()
    await layBlocks(db, [88])
    const before = await readFiles(copy)
    clock.advance(1000)
    expect(await codeOf(replication.done)).toBe('CONFLICT')
    expect(await readFiles(copy)).toEqual(before)
    await db.stop()
  })

  test('from the beginning, as it is locked, another store, or no store at all, is told at once', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const other = await openStore(SMALL)
    await layBlocks(other.db, [20])
    expect(await codeOf(replicate(db, other.memory).done)).toBe('LOCKED')
    await other.db.stop()
    expect(await codeOf(replicate(db, other.memory).done)).toBe('FOREIGN_FILE')
    expect(() => replicate(db, './backup' as never)).toThrow(TypeError)
    expect(() => replicate({} as never, memoryBackend())).toThrow(TypeError)
    expect(codeThrownBy(() => replicate(db, memoryBackend(), { interval: -1 }))).toBe('INVALID_OPTION')
    await db.stop()
    expect(codeThrownBy(() => replicate(db, memoryBackend()))).toBe('NOT_RUNNING')
  })
})

describe('the end of a replication', () => {
  test('comes with its signal or stop, and leaves what was copied, for the next one to go on with', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    const controller = new AbortController()
    const first = replicate(db, copy, { ...AT_ONCE, signal: controller.signal })
    await first.caughtUp()
    controller.abort()
    expect(await first.done).toMatchObject({ state: 'ended', sequence: 1 })
    expect(await codeOf(first.caughtUp())).toBe('NOT_RUNNING')
    await layBlocks(db, [30])
    expect(await itemsOf(copy)).toHaveLength(1)
    const second = replicate(db, copy, AT_ONCE)
    await second.caughtUp()
    await expectEqual(db, copy)
    expect(second.progress.copiedBytes).toBeLessThan((await db.stats()).bytes)
    await second.stop()
    await using promoted = await Varve.open(copy, SMALL)
    await layBlocks(promoted, [40])
    expect(await codeOf(replicate(db, copy).done)).toBe('LOCKED')
    await db.stop()
  })

  test('comes with FAILED where the store failed, once what is durable is copied', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const copy = memoryBackend()
    const replication = replicate(db, copy, AT_ONCE)
    await replication.caughtUp()
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await layBlocks(db, [30]).catch(() => undefined)
    expect((await failure(replication.done)).message).toMatch(/what is durable was copied/)
    expect(await itemsOf(copy)).toHaveLength(1)
    await db.stop()
  })

  test('does not come while the store runs', async () => {
    const { db } = await openStore(SMALL)
    const replication = replicate(db, memoryBackend(), AT_ONCE)
    onTestFinished(() => replication.stop())
    await replication.caughtUp()
    expect(await stateOf(replication.done)).toBe('pending')
    await db.stop()
  })
})
