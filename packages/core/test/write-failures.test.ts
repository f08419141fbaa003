import { type Fault, fail, hold, shorten } from '@varve/backend/faults'
import { type FailureEvent, KiB, type Location } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections, failure } from './support/rejections.js'
import {
  contentsAfterCrash,
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  openStore,
  recordEvents,
  type TestStore,
  watchWrites,
} from './support/test-store.js'

failOnUnhandledRejections()

/** Lets every append fail until it is called back. */
function fillDisk({ disk }: TestStore): () => void {
  return disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: fail('NO_SPACE') })
}

const asStored = (locations: readonly Location[], data: readonly Uint8Array[]) =>
  locations.map((location, n) => ({ location, data: data[n] }))

describe('a write that finds no space', () => {
  test('is cut back, told as a failure that is not fatal, and rejects who asked for it with all that there is to know', async () => {
    const store = await openStore()
    const { db, disk } = store
    const before = await db.add(item(50), { durable: true })
    const [length] = (await fileLengths(store.memory)).values()
    const events = recordEvents(db)
    const writes = watchWrites(disk)
    inject(disk, shorten(30), { kind: 'append' })

    const added = await db.add(item(60))
    const transaction = db.transaction()
    transaction.add(item(61))
    const outcomes = await Promise.all([
      failure(db.flush()),
      failure(db.add(item(62), { durable: true })),
      failure(db.addMany([item(63), item(64)], { durable: true })),
      failure(transaction.commit()),
    ])
    for (const error of outcomes) {
      expect(error.code).toBe('NO_SPACE')
      expect(error.pending).toBe(true)
      expect(error.message).toContain('write to data00000.dat at position 102')
      expect(error.message).toContain('5 items stay in memory and are written later')
      expect(error.cause).toMatchObject({ name: 'BackendError', code: 'NO_SPACE' })
    }
    expect(outcomes.map(({ locations }) => locations.map(({ size }) => size))).toEqual([[], [62], [63, 64], [61]])
    expect(events).toMatchObject([{ name: 'failure', fatal: false, error: { code: 'NO_SPACE' } }])
    expect(db.state).toBe('running')
    expect(writes()).toEqual(['append data00000.dat', 'truncate data00000.dat', 'sync data00000.dat'])
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(length)

    await db.flush()
    const pending = [added, ...outcomes.flatMap(({ locations }) => locations)].sort((a, b) => a.position - b.position)
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual([before, ...pending])
  })

  test.each(['IO', 'PERMISSION', 'TOO_MANY_OPEN', 'UNSUPPORTED', 'BUSY'] as const)('and one that fails with %s alike', async (code) => {
    const store = await openStore()
    inject(store.disk, fail(code), { kind: 'append' })
    const error = await failure(store.db.add(item(10), { durable: true }))
    expect(error.code).toBe(code)
    expect(error.pending).toBe(true)
    await store.db.flush()
    expect(await contentsAfterCrash(store)).toEqual([{ location: error.locations[0], data: item(10) }])
  })

  const parts: readonly [string, Fault][] = [
    ['nothing', shorten(0)],
    ['one byte', shorten(1)],
    ['a part of the block header', shorten(20)],
    ['the block header', shorten(44)],
    ['half', shorten((size) => size >> 1)],
    ['all but one byte', shorten((size) => size - 1)],
    ['all of it', fail('IO', { when: 'after' })],
  ]
  test.each(parts)('may have left %s behind: it is cut back before anything else', async (_, fault) => {
    const store = await openStore()
    const all = items(4, 100)
    const locations = [await store.db.add(all[0] as Uint8Array, { durable: true })]
    inject(store.disk, fault, { kind: 'append' })
    locations.push(await store.db.add(all[1] as Uint8Array), await store.db.add(all[2] as Uint8Array))
    expect(['NO_SPACE', 'IO']).toContain(await codeOf(store.db.flush()))
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(64 + 44 + 108)
    locations.push(await store.db.add(all[3] as Uint8Array, { durable: true }))
    expect(await contentsOf(store.db)).toEqual(asStored(locations, all))
    expect(await contentsAfterCrash(store)).toEqual(asStored(locations, all))
  })

  test('of items that nobody waits for is told by the event alone; the adds have resolved', async () => {
    const store = await openStore({ maxBufferItems: 2 })
    const events = recordEvents(store.db)
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    const locations = [await store.db.add(item(1)), await store.db.add(item(2))]
    await settle()
    expect(events).toMatchObject([{ name: 'failure', fatal: false }])
    await store.db.flush()
    expect(await contentsAfterCrash(store)).toEqual(asStored(locations, [item(1), item(2)]))
  })
})

describe('while the disk is full', () => {
  test('what is in memory can be read and scanned, and more is taken as long as there is room', async () => {
    const store = await openStore()
    const { db } = store
    const all = items(30, 40)
    const locations = [await db.add(all[0] as Uint8Array, { durable: true })]
    fillDisk(store)
    locations.push(await db.add(all[1] as Uint8Array))
    expect(await codeOf(db.flush())).toBe('NO_SPACE')
    for (const data of all.slice(2)) locations.push(await db.add(data))
    expect(await db.readMany(locations)).toEqual(all)
    expect(locations.map((location) => db.readSync(location))).toEqual(all)
    expect(await contentsOf(db, { buffered: true })).toEqual(asStored(locations, all))
    expect(await contentsOf(db)).toEqual(asStored(locations.slice(0, 1), all))
    expect((await db.stats()).buffered.items).toBe(29)
  })

  test('adds do not make it try again and again', async () => {
    const store = await openStore({ maxBufferItems: 2 })
    fillDisk(store)
    await store.db.addMany(items(2, 10))
    await settle()
    const writes = watchWrites(store.disk)
    await store.db.addMany(items(50, 10))
    await settle()
    expect(writes()).toEqual([])
  })

  test('each durable add tries again, and rejects', async () => {
    const store = await openStore()
    fillDisk(store)
    for (let n = 1; n <= 3; n++) expect(await codeOf(store.db.add(item(n), { durable: true }))).toBe('NO_SPACE')
    expect(store.disk.calls.filter(({ kind, outcome }) => kind === 'append' && outcome === 'NO_SPACE')).toHaveLength(3)
    expect(await codeOf(store.db.stop())).toBe('NO_SPACE')
    expect(store.db.state).toBe('running')
  })

  test('adds wait when the buffer is full, and end in TIMEOUT; nothing of them is stored later', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 300, flushInterval: 10_000 })
    const { db, clock } = store
    const makeSpace = fillDisk(store)
    const accepted: Location[] = []
    for (let n = 1; n <= 4; n++) accepted.push(await db.add(item(90, n)))
    const late = codeOf(db.add(item(90, 5)))
    const durable = codeOf(db.add(item(90, 6), { durable: true }))
    const signal = AbortSignal.abort()
    await expect(db.add(item(90), { signal })).rejects.toBe(signal.reason)
    await settle()
    clock.advance(300)
    expect(await late).toBe('TIMEOUT')
    expect(await durable).toBe('TIMEOUT')
    makeSpace()
    await db.flush()
    const next = await db.add(item(90, 7))
    await db.stop()
    expect(await contentsAfterStop(store)).toEqual(
      asStored(
        [...accepted, next],
        [1, 2, 3, 4, 7].map((n) => item(90, n)),
      ),
    )
  })

  test('the bound on memory holds', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 300 })
    fillDisk(store)
    const outcomes = Promise.allSettled(items(40, 60).map((data) => store.db.add(data)))
    await settle()
    expect((await store.db.stats()).buffered.bytes).toBeLessThanOrEqual(512)
    store.clock.advance(300)
    const accepted = (await outcomes).filter(({ status }) => status === 'fulfilled').length
    expect(accepted).toBe((await store.db.stats()).buffered.items)
  })

  test('a crash loses what was not durable, and leaves nothing half', async () => {
    const store = await openStore()
    const kept = await store.db.add(item(10), { durable: true })
    store.disk.inject({ kind: 'append', times: Number.POSITIVE_INFINITY, fault: shorten((size) => size - 3) })
    for (let n = 1; n <= 3; n++) expect(await codeOf(store.db.add(item(n), { durable: true }))).toBe('NO_SPACE')
    expect(await contentsAfterCrash(store)).toEqual([{ location: kept, data: item(10) }])
  })

  test('a store can be opened and read', async () => {
    const first = await openStore()
    const location = await first.db.add(item(10))
    await first.db.stop()
    const store = { ...(await openStore({}, first.memory)) }
    fillDisk(store)
    expect(await store.db.read(location)).toEqual(item(10))
    expect(await codeOf(store.db.add(item(1), { durable: true }))).toBe('NO_SPACE')
  })
})

describe('when there is space again', () => {
  test('what was kept is written by itself after a while, in order and once', async () => {
    const store = await openStore()
    const { db, clock } = store
    const makeSpace = fillDisk(store)
    const all = items(6, 30)
    const locations = await db.addMany(all.slice(0, 3))
    expect(await codeOf(db.flush())).toBe('NO_SPACE')
    locations.push(...(await db.addMany(all.slice(3))))
    const durable = db.whenDurable(locations[5] as Location)
    makeSpace()
    clock.advance(999)
    expect(await stateOf(durable)).toBe('pending')
    clock.advance(1)
    await durable
    expect(clock.timers).toEqual([])
    expect(await contentsAfterCrash(store)).toEqual(asStored(locations, all))
  })

  test('after flushInterval where that is shorter', async () => {
    const store = await openStore({ flushInterval: 200 })
    const makeSpace = fillDisk(store)
    const location = await store.db.add(item(1))
    expect(await codeOf(store.db.flush())).toBe('NO_SPACE')
    makeSpace()
    store.clock.advance(200)
    await store.db.whenDurable(location)
  })

  test('it goes on trying as long as there is none, and tells of each', async () => {
    const store = await openStore()
    const failures: FailureEvent[] = []
    store.db.on('failure', (event) => failures.push(event))
    const makeSpace = fillDisk(store)
    const location = await store.db.add(item(1))
    expect(await codeOf(store.db.flush())).toBe('NO_SPACE')
    for (let round = 0; round < 4; round++) {
      await settle()
      store.clock.advance(1000)
    }
    await settle()
    expect(failures).toHaveLength(5)
    expect(failures.every(({ fatal }) => !fatal)).toBe(true)
    makeSpace()
    await store.db.flush()
    expect(store.clock.timers).toEqual([])
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(1) }])
  })

  test('those that wait for room get in, in order', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 5000 })
    const makeSpace = fillDisk(store)
    const all = items(20, 90)
    const added = all.map((data, n) => store.db.add(data, { durable: n === 19 }))
    expect(await stateOf(added[19] as Promise<Location>)).toBe('pending')
    makeSpace()
    store.clock.advance(1000)
    const locations = await Promise.all(added)
    await store.db.stop()
    expect(await contentsAfterStop(store)).toEqual(asStored(locations, all))
  })

  test('the next flush, durable add, commit or stop writes it all', async () => {
    const ways: readonly ((store: TestStore) => Promise<unknown>)[] = [
      ({ db }) => db.flush(),
      ({ db }) => db.add(item(9), { durable: true }),
      ({ db }) => db.addMany([item(9)], { durable: true }),
      ({ db }) => {
        const transaction = db.transaction()
        transaction.add(item(9))
        return transaction.commit()
      },
      ({ db }) => db.stop(),
    ]
    for (const way of ways) {
      const store = await openStore()
      const makeSpace = fillDisk(store)
      const error = await failure(store.db.add(item(7), { durable: true }))
      const later = await store.db.add(item(8))
      makeSpace()
      await way(store)
      const found = await contentsAfterCrash(store)
      expect(found.slice(0, 2)).toEqual(asStored([...error.locations, later], [item(7), item(8)]))
    }
  })

  test('what was handed to the operating system before is durable by the cut, and flush says so', async () => {
    const store = await openStore({ durability: 'os', maxBufferItems: 1 })
    const first = await store.db.add(item(1))
    await settle()
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    const second = await store.db.add(item(2))
    await settle()
    expect((await store.db.stats()).buffered.items).toBe(1)
    await store.db.flush()
    expect((await store.db.stats()).durableSequence).toBe(2)
    expect(await contentsAfterCrash(store)).toEqual(asStored([first, second], [item(1), item(2)]))
  })
})

describe('a write that hangs', () => {
  test('lets adds time out and reads go on, and the store go on when it comes back', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 300 })
    const { db, disk, clock } = store
    const gate = inject(disk, hold(), { kind: 'append' })
    const accepted = [await db.add(item(90, 1))]
    const flushed = db.flush()
    await gate.reached
    accepted.push(await db.add(item(90, 2)), await db.add(item(90, 3)))
    const late = codeOf(db.add(item(90, 4)))
    await settle()
    clock.advance(300)
    expect(await late).toBe('TIMEOUT')
    expect(await db.readMany(accepted)).toEqual([1, 2, 3].map((n) => item(90, n)))
    expect(db.state).toBe('running')
    // However long it hangs: who waits for durability waits.
    clock.advance(3_600_000)
    expect(await stateOf(flushed)).toBe('pending')
    gate.release()
    await flushed
    await db.stop()
    expect(await contentsAfterStop(store)).toEqual(
      asStored(
        accepted,
        [1, 2, 3].map((n) => item(90, n)),
      ),
    )
  })
})
