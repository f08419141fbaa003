import { fail, hold } from '@varve/backend/faults'
import { KiB, type Location, MiB, type Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { digest, item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import {
  contentsAfterCrash,
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  openStore,
  recordEvents,
  type TestStore,
} from './support/test-store.js'

failOnUnhandledRejections()

// Anything above 972 bytes is too large for the buffer.
const OPTIONS = { maxBufferSize: KiB, maxFileSize: 16 * KiB, timeout: 500 }

const LARGE = 5000

describe('an item that fits a file but not the buffer', () => {
  test('is stored all the same, at its place among the others', async () => {
    const store = await openStore(OPTIONS)
    const all = [item(10), item(LARGE), item(20), item(972), item(973), item(30)]
    const locations = []
    for (const data of all) locations.push(await store.db.add(data))
    expect((await store.db.readMany(locations)).map(digest)).toEqual(all.map(digest))
    expect(locations[1]).toEqual({ index: 0, position: 62 + 44, size: LARGE })
    await store.db.stop()
    const found = await contentsAfterStop(store)
    expect(found.map(({ location }) => location)).toEqual(locations)
    expect(found.map(({ data }) => digest(data))).toEqual(all.map(digest))
  })

  test('is durable when add resolves', async () => {
    const store = await openStore(OPTIONS)
    const location = await store.db.add(item(LARGE))
    expect((await store.db.stats()).durableSequence).toBe(1)
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(LARGE) }])
  })

  test('is synced only when asked where flushes are left to the operating system', async () => {
    const store = await openStore({ ...OPTIONS, durability: 'os' })
    const { db, disk } = store
    const events = recordEvents(db)
    const location = await db.add(item(LARGE))
    expect(disk.count('sync')).toBe(1) // of the new file's header
    expect((await db.stats()).durableSequence).toBe(0)
    expect(digest(await db.read(location))).toBe(digest(item(LARGE)))
    await db.flush()
    expect(events).toMatchObject([
      { name: 'write', durable: false },
      { name: 'sync', sequence: 1 },
    ])
    await db.add(item(LARGE, 2), { durable: true })
    expect((await db.stats()).durableSequence).toBe(2)
    expect(await contentsAfterCrash(store)).toHaveLength(2)
  })

  test('has its write event as any other', async () => {
    const { db } = await openStore(OPTIONS)
    const events = recordEvents(db)
    const location = await db.add(item(LARGE))
    expect(events).toMatchObject([{ name: 'write', index: 0, position: 0, bytes: 44 + 8 + LARGE, count: 1, sequence: 0, durable: true }])
    const [event] = events
    expect(event?.name === 'write' && event.locations()).toEqual([location])
    const { flushes } = await db.stats()
    expect(flushes).toBe(1)
  })

  test('needs no sync before it where none was asked for', async () => {
    const store = await openStore({ ...OPTIONS, durability: 'os' })
    for (const size of [50, LARGE, 60, LARGE]) await store.db.add(item(size))
    expect((await store.db.stats()).syncs).toBe(0)
    await store.db.flush()
    expect((await store.db.stats()).syncs).toBe(1)
    expect(await contentsAfterCrash(store)).toHaveLength(4)
  })

  test('does not put off a flush that was asked for before it', async () => {
    const { db, disk } = await openStore({ ...OPTIONS, durability: 'os', maxBufferItems: 1 })
    await db.add(item(50))
    await settle()
    const gate = inject(disk, hold(), { kind: 'append' })
    const flushed = db.flush()
    const added = db.add(item(LARGE))
    await gate.reached
    await flushed
    gate.release()
    await added
  })

  test('is written through two pieces of memory', async () => {
    const { db, disk } = await openStore(OPTIONS)
    const gate = inject(disk, hold(), { kind: 'append', nth: 2 })
    const added = db.add(item(LARGE))
    await gate.reached
    expect((await db.stats()).buffered).toEqual({ items: 0, bytes: 2 * KiB })
    gate.release()
    await added
    expect((await db.stats()).buffered).toEqual({ items: 0, bytes: 0 })
    expect(Math.max(...disk.calls.map(({ kind, size = 0 }) => (kind === 'append' ? size : 0)))).toBe(KiB)
  })

  test('may be as large as a file holds; a byte more is ITEM_TOO_LARGE', async () => {
    const store = await openStore(OPTIONS)
    const most = 16 * KiB - 64 - 44 - 44 - 8
    expect(await codeOf(store.db.add(item(most + 1)))).toBe('ITEM_TOO_LARGE')
    const locations = [await store.db.add(item(most)), await store.db.add(item(most, 2))]
    expect(locations.map(({ index }) => index)).toEqual([0, 1])
    await store.db.stop()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([16 * KiB, 16 * KiB])
    expect((await contentsAfterStop(store)).map(({ data }) => digest(data))).toEqual([digest(item(most)), digest(item(most, 2))])
  })

  test('goes to the next file where this one has no room for it', async () => {
    const store = await openStore(OPTIONS)
    const sizes = [6000, 6000, 6000, 100, 9000, 9000]
    const locations = await Promise.all(sizes.map((size, n) => store.db.add(item(size, n + 1))))
    expect(locations.map(({ index }) => index)).toEqual([0, 0, 1, 1, 1, 2])
    await store.db.stop()
    for (const length of (await fileLengths(store.memory)).values()) expect(length).toBeLessThanOrEqual(16 * KiB)
    expect((await contentsAfterStop(store)).map(({ location }) => location)).toEqual(locations)
  })

  test('is FULL where no file is left for it, and others that fit are still taken', async () => {
    const store = await openStore({ ...OPTIONS, filePadding: 1 })
    const most = items(9, 16_000)
    for (const data of most) await store.db.add(data)
    await store.db.add(item(10_000))
    expect(await codeOf(store.db.add(item(10_000)))).toBe('FULL')
    const after = await Promise.allSettled([store.db.add(item(10_000)), store.db.add(item(LARGE)), store.db.add(item(100))])
    expect(after.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    await store.db.stop()
    expect(await contentsAfterStop(store)).toHaveLength(12)
  })
})

describe('while an oversized item is written', () => {
  const writing = async (): Promise<
    TestStore & { readonly gate: ReturnType<typeof hold>; readonly added: Promise<unknown>; readonly before: unknown }
  > => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50))
    const gate = inject(store.disk, hold(), { kind: 'append', nth: 3 })
    const added = store.db.add(item(LARGE))
    await gate.reached
    return { ...store, gate, added, before }
  }

  test('what was added before is laid down, and nothing of the item is to be seen', async () => {
    const { db, gate, added, before } = await writing()
    expect((await db.stats()).durableSequence).toBe(1)
    expect(await contentsOf(db, { buffered: true })).toEqual([{ location: before, data: item(50) }])
    expect(await db.read({ index: 0, position: 102 + 44, size: LARGE })).toBeUndefined()
    expect(db.readSync({ index: 0, position: 102 + 44, size: LARGE })).toBeUndefined()
    gate.release()
    await added
  })

  test('adds, commits and further large ones wait, and come after it in the order of the calls', async () => {
    const { gate, added, ...store } = await writing()
    const small = store.db.add(item(60))
    const large = store.db.add(item(LARGE, 2))
    const last = store.db.add(item(70), { durable: true })
    const transaction = store.db.transaction()
    transaction.add(item(80))
    const committed = transaction.commit()
    for (const waiting of [small, large, last, committed]) expect(await stateOf(waiting)).toBe('pending')
    gate.release()
    await Promise.all([added, small, large, last, committed])
    const found = (await contentsAfterCrash(store)).map(({ data }) => digest(data))
    expect(found.slice(0, 2)).toEqual([item(50), item(LARGE)].map(digest))
    // The commit takes its place as soon as one is given out, and need not wait for the line.
    const line = [item(60), item(LARGE, 2), item(70)].map(digest)
    expect(found.filter((one) => line.includes(one))).toEqual(line)
    expect(found).toHaveLength(6)
  })

  test.each([
    ['an add', (db: Varve) => db.add(item(60))],
    ['a list', async (db: Varve) => (await db.addMany([item(60)]))[0] as Location],
  ])('%s waits, also where there is memory for it', async (_, addSmall) => {
    const store = await openStore({ maxBufferSize: 3 * MiB, maxFileSize: 16 * MiB })
    const gate = inject(store.disk, hold(), { kind: 'append', nth: 2 })
    const large = store.db.add(item(4 * MiB))
    await gate.reached
    const small = addSmall(store.db)
    expect(await stateOf(small)).toBe('pending')
    gate.release()
    expect((await small).position).toBe((await large).position + 8 + 4 * MiB + 44)
    await store.db.stop()
    expect((await contentsAfterStop(store)).map(({ data }) => digest(data))).toEqual([item(4 * MiB), item(60)].map(digest))
  })

  test('a flush of what was before it ends', async () => {
    const { db, gate, added } = await writing()
    expect(await stateOf(db.flush())).toBe('resolved')
    gate.release()
    await added
  })

  test('the next add waits for at most its time', async () => {
    const { db, clock, gate, added } = await writing()
    const waiting = codeOf(db.add(item(60)))
    await settle()
    clock.advance(500)
    expect(await waiting).toBe('TIMEOUT')
    gate.release()
    await added
    expect((await db.stats()).nextSequence).toBe(2)
  })

  test('its own signal and its own time no longer count', async () => {
    const store = await openStore(OPTIONS)
    const abort = new AbortController()
    const gate = inject(store.disk, hold(), { kind: 'append', nth: 2 })
    const added = store.db.add(item(LARGE), { signal: abort.signal })
    await gate.reached
    abort.abort()
    store.clock.advance(5000)
    expect(await stateOf(added)).toBe('pending')
    gate.release()
    const location = await added
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(LARGE) }])
  })

  test('a stop waits for it, and for a commit that waits for it alone', async () => {
    const { gate, added, ...store } = await writing()
    const transaction = store.db.transaction()
    transaction.add(item(80))
    const committed = transaction.commit()
    await settle()
    const stopped = store.db.stop()
    await settle()
    gate.release()
    const [locations] = await Promise.all([committed, added, stopped])
    expect((await contentsAfterStop(store)).at(-1)).toEqual({ location: locations[0], data: item(80) })
  })

  test('a stop waits for it, and for those that wait behind it', async () => {
    const { gate, added, ...store } = await writing()
    const behind = [store.db.add(item(60)), store.db.add(item(LARGE, 2)), store.db.add(item(70))]
    const transaction = store.db.transaction()
    transaction.add(item(80))
    const committed = transaction.commit()
    await settle()
    const stopped = store.db.stop()
    expect(await stateOf(stopped)).toBe('pending')
    expect(await codeOf(store.db.add(item(1)))).toBe('NOT_RUNNING')
    gate.release()
    const [locations] = await Promise.all([committed, added, ...behind, stopped])
    const found = await contentsAfterStop(store)
    const expected = [item(50), item(LARGE), item(60), item(LARGE, 2), item(70)]
    expect(found.filter(({ data }) => data.length !== 80).map(({ data }) => digest(data))).toEqual(expected.map(digest))
    expect(found.filter(({ data }) => data.length === 80)).toEqual([{ location: locations[0], data: item(80) }])
  })
})

describe('an oversized item that waits its turn', () => {
  test('can be given up by its signal, and then takes no place', async () => {
    const store = await openStore(OPTIONS)
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const before = await store.db.add(item(50))
    void store.db.flush()
    await gate.reached
    const abort = new AbortController()
    const added = rejection(store.db.add(item(LARGE), { signal: abort.signal }))
    await settle()
    abort.abort('enough')
    expect(await added).toBe('enough')
    gate.release()
    const after = await store.db.add(item(60), { durable: true })
    expect((await contentsAfterCrash(store)).map(({ location }) => location)).toEqual([before, after])
  })

  test('ends in TIMEOUT where what is before it hangs', async () => {
    const { db, disk, clock } = await openStore(OPTIONS)
    const gate = inject(disk, hold(), { kind: 'append' })
    await db.add(item(50))
    const added = codeOf(db.add(item(LARGE)))
    const next = codeOf(db.add(item(60)))
    await gate.reached
    clock.advance(499)
    await settle()
    clock.advance(1)
    expect(await added).toBe('TIMEOUT')
    gate.release()
    expect(await next).toBe('TIMEOUT')
    await db.flush()
    expect(await contentsOf(db)).toHaveLength(1)
  })

  test('is stored by a stop that gets through what was refused before it, and so is what waits behind it', async () => {
    const store = await openStore(OPTIONS)
    const data = [item(50), item(LARGE), item(60), item(LARGE, 2)]
    const locations = [await store.db.add(item(50))]
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    const waiting = data.slice(1).map((one) => store.db.add(one))
    await settle()
    await store.db.stop()
    locations.push(...(await Promise.all(waiting)))
    const found = await contentsAfterStop(store)
    expect(found.map(({ location }) => location)).toEqual(locations)
    expect(found.map((one) => digest(one.data))).toEqual(data.map(digest))
  })

  test('stays in line where what is before it is refused, and is written when that goes through', async () => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50))
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    const added = store.db.add(item(LARGE))
    expect(await stateOf(added)).toBe('pending')
    expect(await store.db.read(before)).toEqual(item(50))
    store.clock.advance(499)
    expect(await stateOf(added)).toBe('pending')
    await store.db.flush()
    const location = await added
    expect((await contentsAfterCrash(store)).map((found) => found.location)).toEqual([before, location])
  })
})
