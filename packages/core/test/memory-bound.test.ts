import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { act, fail } from '@varve/backend/faults'
import { KiB, MiB } from '@varve/core'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { platform } from '#platform'
import { settle } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { failOnUnhandledRejections, rejection } from './support/rejections.js'
import { contentsAfterStop, openStore, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const { allocateSlab } = platform
afterEach(() => {
  platform.allocateSlab = allocateSlab
})

const collectGarbage = garbageCollector()

function garbageCollector(): () => void {
  const { Bun: bun } = globalThis as { Bun?: { gc(isSync: boolean): void } }
  if (bun) return () => bun.gc(true)
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}

/** Watches the large pieces of memory that the engine asks for. */
function watchSlabs() {
  const slabs: WeakRef<ArrayBufferLike>[] = []
  // Not a spy, which would hold on to all that it gave out.
  platform.allocateSlab = (size) => {
    const slab = allocateSlab(size)
    slabs.push(new WeakRef(slab.buffer))
    return slab
  }
  const reachable = () => slabs.reduce((sum, slab) => sum + (slab.deref()?.byteLength ?? 0), 0)
  return {
    /** Bytes of the pieces that somebody still holds, once it matters whether that is more than `limit`. */
    async held(limit: number): Promise<number> {
      if (reachable() <= limit) return limit
      // What was just looked at is kept until the end of this turn.
      await settle(2)
      collectGarbage()
      return reachable()
    },
  }
}

interface Writer {
  readonly sizes: readonly number[]
  readonly way: 'add' | 'durable add' | 'addMany' | 'all at once'
}

async function write({ db }: TestStore, { sizes, way }: Writer): Promise<void> {
  const data = sizes.map((size, n) => item(size, n + 1))
  if (way === 'addMany') await db.addMany(data)
  else if (way === 'all at once') await Promise.all(data.map((one) => db.add(one)))
  else for (const one of data) await db.add(one, { durable: way === 'durable add' })
}

describe('never more than twice maxBufferSize is held, whatever writers do', () => {
  const scenario = fc.integer({ min: 128, max: 3000 }).chain((maxBufferSize) =>
    fc.record({
      maxBufferSize: fc.constant(maxBufferSize),
      maxBufferItems: fc.constantFrom(3, 20, 1000),
      durability: fc.constantFrom('sync' as const, 'os' as const),
      refused: fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 3 }),
      writers: fc.array(
        fc.record({
          sizes: fc.array(
            fc.oneof(
              { weight: 6, arbitrary: fc.integer({ min: 1, max: maxBufferSize - 52 }) },
              { weight: 2, arbitrary: fc.integer({ min: 1, max: 40 }) },
              { weight: 1, arbitrary: fc.integer({ min: maxBufferSize - 60, max: 3 * maxBufferSize }) },
            ),
            { minLength: 1, maxLength: 25 },
          ),
          way: fc.constantFrom('add' as const, 'durable add' as const, 'addMany' as const, 'all at once' as const),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  )

  test('by its own account at every step, and by what it really allocates', async () => {
    let [reached, checks] = [0, 0]
    await fc.assert(
      fc.asyncProperty(scenario, async ({ writers, refused, ...options }) => {
        const limit = 2 * options.maxBufferSize
        // What a rest writes holds nothing, and would be looked at while the store stops.
        const store = await openStore({ ...options, maxFileSize: 32 * KiB, timeout: 60_000, settleAfter: 0 })
        const slabs = watchSlabs()
        const seen: number[] = []
        const held: number[] = []
        const look = async () => {
          await settle(2)
          seen.push((await store.db.stats()).buffered.bytes)
          held.push(await slabs.held(limit))
        }
        const undo = [
          store.disk.inject((call) => (call.kind === 'append' || call.kind === 'sync' ? act('a look at the memory', look) : undefined)),
        ]
        for (const nth of refused) undo.push(store.disk.inject({ kind: 'append', nth, fault: fail('NO_SPACE') }))
        // A durable add rejects where its write is refused; it is stored later all the same.
        const written = Promise.allSettled(writers.map((writer) => write(store, writer)))
        let over = false
        void written.then(() => (over = true))
        while (!over) {
          await settle(5)
          store.clock.advance(1000)
          seen.push((await store.db.stats()).buffered.bytes)
        }
        expect(Math.max(...seen)).toBeLessThanOrEqual(limit)
        expect(Math.max(...held)).toBeLessThanOrEqual(limit)
        if (Math.max(...seen) > limit - options.maxBufferSize / 2) reached++
        checks += seen.length
        for (const leave of undo) leave()
        // Until nothing is under way any more that a look could be a part of.
        await store.db.flush().catch(() => store.db.flush())
        await store.db.stop()
      }),
      { numRuns: 60 },
    )
    // The bound is no use where nobody comes near it.
    expect(reached).toBeGreaterThan(10)
    expect(checks).toBeGreaterThan(300)
  })
})

test('where the runtime gives no memory, nothing is taken and the store goes on', async () => {
  const store = await openStore({ maxBufferSize: 1024, maxFileSize: 16 * KiB })
  const locations = [await store.db.add(item(1), { durable: true })]
  const refuse = () => {
    throw new RangeError('Array buffer allocation failed')
  }
  platform.allocateSlab = refuse
  // One slab is idle, and the one after it is refused.
  locations.push(await store.db.add(item(900)))
  for (const data of [item(900), item(10)]) expect(await rejection(store.db.add(data, { durable: true }))).toBeInstanceOf(RangeError)
  const transaction = store.db.transaction()
  expect(() => transaction.add(item(3))).toThrow(RangeError)
  await store.db.flush()
  locations.push(await store.db.add(item(20)))
  expect(await rejection(store.db.addMany([item(960)]))).toBeInstanceOf(RangeError)
  platform.allocateSlab = allocateSlab
  locations.push(await store.db.add(item(2)), await store.db.add(item(5000)))
  await store.db.stop()
  const found = await contentsAfterStop(store)
  expect(found.map(({ location }) => location)).toEqual(locations)
  expect(found.map(({ data }) => data.length)).toEqual([1, 900, 20, 2, 5000])
})

test('an item larger than a slab has memory of its own, and idle slabs make way for it', async () => {
  const store = await openStore({ maxBufferSize: 6 * MiB, maxFileSize: 64 * MiB })
  const slabs = watchSlabs()
  const limit = 12 * MiB
  // Five slabs are used and given back, and then wait for the next ones.
  await Promise.all(items(5, MiB).map((data) => store.db.add(data)))
  await store.db.flush()
  const large = new Uint8Array(5 * MiB + 100).fill(7)
  const locations = [await store.db.add(large), await store.db.add(large)]
  expect((await store.db.stats()).buffered.bytes).toBeLessThanOrEqual(limit)
  expect(await slabs.held(limit)).toBeLessThanOrEqual(limit)
  await store.db.flush()
  expect(Buffer.compare((await store.db.read(locations[1] as never)) as Uint8Array, large)).toBe(0)
})

test('the memory of items larger than a slab is used again, like that of smaller ones', async () => {
  const store = await openStore({ maxBufferSize: 4 * MiB, maxFileSize: 64 * MiB })
  let allocated = 0
  platform.allocateSlab = (size) => {
    allocated++
    return allocateSlab(size)
  }
  const locations = []
  for (let n = 0; n < 12; n++) {
    locations.push(await store.db.add(item(2.5 * MiB + 1000 * n, n)))
    locations.push(await store.db.add(item(40_000, n)))
  }
  expect(allocated).toBeLessThanOrEqual(6)
  await store.db.stop()
  const found = await contentsAfterStop(store)
  expect(found.map(({ location }) => location)).toEqual(locations)
  for (const [n, { data }] of found.entries()) expect(Buffer.compare(data, item(data.length, n >> 1))).toBe(0)
})

test('what a burst took is let go of when it is over', async () => {
  const store = await openStore({ maxBufferSize: 16 * MiB })
  const slabs = watchSlabs()
  const data = item(512 * KiB)
  await Promise.all(Array.from({ length: 60 }, () => store.db.add(data)))
  await store.db.flush()
  expect((await store.db.stats()).buffered).toEqual({ items: 0, bytes: 0 })
  await settle()
  expect(await slabs.held(0)).toBeLessThanOrEqual(4 * (MiB + 4 * KiB))
  await store.db.stop()
  expect(await contentsAfterStop(store)).toHaveLength(60)
})
