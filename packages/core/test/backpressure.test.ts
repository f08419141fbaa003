import { getEventListeners } from 'node:events'
import { hold } from '@varve/backend/faults'
import { compareLocations, KiB, type Location, type Varve } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, inject, openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

// Twice this is held at most: two blocks, each with room for two items of 90 bytes.
const SMALL = { maxBufferSize: 256, maxFileSize: 4 * KiB, timeout: 500 }

/** A store that has no room left, because a write of it hangs. */
async function fullStore(): Promise<TestStore & { readonly accepted: Location[]; readonly gate: ReturnType<typeof hold> }> {
  const store = await openStore(SMALL)
  const gate = inject(store.disk, hold(), { kind: 'append' })
  const accepted = [await store.db.add(item(90, 1))]
  const flushed = store.db.flush()
  await gate.reached
  for (const seed of [2, 3]) accepted.push(await store.db.add(item(90, seed)))
  void flushed
  return { ...store, accepted, gate }
}

describe('an add that finds no room', () => {
  test('waits, and is accepted when there is some', async () => {
    const { db, gate } = await fullStore()
    const added = db.add(item(90, 5))
    expect(await stateOf(added)).toBe('pending')
    gate.release()
    expect(await db.read(await added)).toEqual(item(90, 5))
  })

  test.each([
    ['an add', (db: Varve) => db.add(item(1, 6))],
    ['a list', async (db: Varve) => (await db.addMany([item(1, 6)]))[0] as Location],
  ])('waits its turn: what would fit goes behind what came before, by %s', async (_, addSmall) => {
    const store = await fullStore()
    const large = store.db.add(item(200, 5))
    const small = addSmall(store.db)
    expect(await stateOf(small)).toBe('pending')
    store.gate.release()
    expect(compareLocations(await large, await small)).toBeLessThan(0)
    await store.db.stop()
    expect((await contentsAfterStop(store)).slice(3).map(({ data }) => data)).toEqual([item(200, 5), item(1, 6)])
  })

  test('is not accepted meanwhile: it can not be seen', async () => {
    const { db, gate, accepted } = await fullStore()
    const added = db.add(item(90, 5))
    await settle()
    const stats = await db.stats()
    expect(stats.nextSequence).toBe(accepted.length)
    expect(stats.buffered.items).toBe(accepted.length)
    gate.release()
    await added
  })

  test('does not keep readers from what is there', async () => {
    const { db, accepted, gate } = await fullStore()
    const added = db.add(item(90, 5))
    expect(await db.readMany(accepted)).toEqual([1, 2, 3].map((seed) => item(90, seed)))
    gate.release()
    await added
  })

  test('waits for durability too where it is a durable one', async () => {
    const store = await fullStore()
    const sync = hold()
    const added = store.db.add(item(90, 5), { durable: true })
    await settle()
    inject(store.disk, sync, { kind: 'sync', nth: 2 })
    store.gate.release()
    await sync.reached
    expect(await stateOf(added)).toBe('pending')
    sync.release()
    const location = await added
    expect((await contentsAfterCrash(store)).at(-1)).toEqual({ location, data: item(90, 5) })
  })

  test('keeps the process alive while it waits, and no longer', async () => {
    const { db, clock, gate } = await fullStore()
    const added = db.add(item(90, 5))
    await settle()
    expect(clock.timers.filter(({ holdsProcess }) => holdsProcess)).toHaveLength(1)
    gate.release()
    await added
    expect(clock.timers.filter(({ holdsProcess }) => holdsProcess)).toEqual([])
  })
})

describe('a buffer that is taken away while its add waits', () => {
  test('is a TypeError when its turn comes; nothing is stored, and the others go on', async () => {
    const store = await fullStore()
    const [small, large] = [item(90, 5), item(2000, 6)]
    const outcomes = [rejection(store.db.add(small)), rejection(store.db.add(large)), store.db.add(item(90, 7))] as const
    await settle()
    structuredClone([small, large], { transfer: [small.buffer as ArrayBuffer, large.buffer as ArrayBuffer] })
    expect(small).toHaveLength(0)
    store.gate.release()
    for (const outcome of outcomes.slice(0, 2)) {
      expect(await outcome).toBeInstanceOf(TypeError)
      expect(((await outcome) as unknown as Error).message).toContain('leave it alone until add resolves')
    }
    const location = await outcomes[2]
    await store.db.stop()
    expect((await contentsAfterStop(store)).slice(3)).toEqual([{ location, data: item(90, 7) }])
  })
})

describe('an add that waits too long', () => {
  test('ends in TIMEOUT after exactly its time, with nothing taken', async () => {
    const { db, clock, gate, accepted } = await fullStore()
    const added = failure(db.add(item(90, 5)))
    await settle()
    clock.advance(499)
    expect(await stateOf(added)).toBe('pending')
    clock.advance(1)
    const error = await added
    expect(error.code).toBe('TIMEOUT')
    expect(error.message).toContain('90 bytes within 500 ms')
    expect(error.pending).toBe(false)
    expect(error.locations).toEqual([])
    gate.release()
    await db.flush()
    expect((await db.stats()).nextSequence).toBe(accepted.length)
  })

  test('does not keep later ones from getting in', async () => {
    const store = await fullStore()
    const late = failure(store.db.add(item(200, 5)))
    await settle()
    store.clock.advance(300)
    const patient = store.db.add(item(90, 6))
    await settle()
    store.clock.advance(200)
    expect((await late).code).toBe('TIMEOUT')
    store.gate.release()
    const location = await patient
    await store.db.stop()
    const found = await contentsAfterStop(store)
    expect(found).toHaveLength(4)
    expect(found[3]).toEqual({ location, data: item(90, 6) })
  })

  test('lets the next in line in at once where that one fits', async () => {
    const { db, clock, gate } = await openStore(SMALL).then(async (store) => {
      const held = inject(store.disk, hold(), { kind: 'append' })
      await store.db.add(item(90, 1))
      void store.db.flush()
      await held.reached
      // A slab of 256 is left, with room for a small item in the block that fills, not for a large one.
      await store.db.add(item(90, 2))
      return { ...store, gate: held }
    })
    const large = failure(db.add(item(150, 3)))
    const small = db.add(item(50, 4))
    expect(await stateOf(small)).toBe('pending')
    clock.advance(500)
    expect((await large).code).toBe('TIMEOUT')
    expect(await db.read(await small)).toEqual(item(50, 4))
    gate.release()
  })

  test('takes the others of its time with it, and the store goes on when the write comes back', async () => {
    const store = await fullStore()
    const late = [4, 5, 6].map((seed) => codeOf(store.db.add(item(90, seed), { durable: seed === 6 })))
    await settle()
    store.clock.advance(500)
    expect(await Promise.all(late)).toEqual(['TIMEOUT', 'TIMEOUT', 'TIMEOUT'])
    store.gate.release()
    const location = await store.db.add(item(90, 8), { durable: true })
    const found = await contentsAfterCrash(store)
    expect(found.map(({ data }) => data)).toEqual([1, 2, 3, 8].map((seed) => item(90, seed)))
    expect(found[3]?.location).toEqual(location)
  })
})

describe('the signal of an add that waits', () => {
  test('gives it up with its reason; nothing was taken', async () => {
    const { db, gate, accepted } = await fullStore()
    const abort = new AbortController()
    const added = rejection(db.add(item(90, 5), { signal: abort.signal }))
    await settle()
    const reason = new Error('no longer wanted')
    abort.abort(reason)
    expect(await added).toBe(reason)
    gate.release()
    await db.flush()
    expect((await db.stats()).nextSequence).toBe(accepted.length)
  })

  test('lets the next in line go on', async () => {
    const { db, gate, clock } = await fullStore()
    const abort = new AbortController()
    const given = rejection(db.add(item(200, 5), { signal: abort.signal }))
    const next = db.add(item(90, 6))
    await settle()
    abort.abort('enough')
    await given
    gate.release()
    expect(await db.read(await next)).toEqual(item(90, 6))
    expect(clock.timers.filter(({ holdsProcess }) => holdsProcess)).toEqual([])
  })

  test('does nothing any more once it is accepted', async () => {
    const { db, gate } = await fullStore()
    const abort = new AbortController()
    const added = db.add(item(90, 5), { signal: abort.signal })
    await settle()
    gate.release()
    const location = await added
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    abort.abort()
    expect(await db.read(location)).toEqual(item(90, 5))
  })

  test('may be shared by many: those that were accepted stay, those that wait go', async () => {
    const store = await fullStore()
    const abort = new AbortController()
    const outcomes = [4, 5, 6, 7, 8, 9].map((seed) => store.db.add(item(90, seed), { signal: abort.signal }))
    const settled = Promise.allSettled(outcomes)
    await settle()
    const second = inject(store.disk, hold(), { kind: 'append' })
    store.gate.release()
    await second.reached
    await settle()
    abort.abort('enough')
    second.release()
    const accepted = (await settled).filter(({ status }) => status === 'fulfilled').length
    expect(accepted).toBeGreaterThan(0)
    expect(accepted).toBeLessThan(6)
    await store.db.stop()
    const found = await contentsAfterStop(store)
    expect(found.map(({ data }) => data)).toEqual(Array.from({ length: 3 + accepted }, (_, n) => item(90, n + 1)))
  })
})

test('the order of places is the order of calls, however many find no room', async () => {
  const store = await openStore(SMALL)
  const all = Array.from({ length: 300 }, (_, n) => item(1 + ((n * 37) % 200), n + 1))
  const locations = await Promise.all(all.map((data, n) => store.db.add(data, { durable: n % 5 === 0 })))
  expect([...locations].sort(compareLocations)).toEqual(locations)
  await store.db.stop()
  expect(await contentsAfterStop(store)).toEqual(all.map((data, n) => ({ location: locations[n], data })))
})

test('adds, durable ones, lists and transactions together keep each caller in order', async () => {
  const store = await openStore(SMALL)
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const own: Location[] = []
    for (let round = 0; round < 6; round++) {
      const seed = 1 + writer * 100 + round * 10
      if ((writer + round) % 3 === 0) own.push(...(await store.db.addMany(items(3, 40 + writer))))
      else if ((writer + round) % 3 === 1) own.push(await store.db.add(item(120, seed), { durable: round % 2 === 0 }))
      else {
        const transaction = store.db.transaction()
        for (let n = 0; n < 4; n++) transaction.add(item(90, seed + n))
        own.push(...(await transaction.commit()))
      }
    }
    return own
  })
  const locations = await Promise.all(writers)
  for (const own of locations) expect([...own].sort(compareLocations)).toEqual(own)
  await store.db.stop()
  const found = (await contentsAfterStop(store)).map(({ location }) => location)
  expect(found).toEqual(locations.flat().sort(compareLocations))
})
