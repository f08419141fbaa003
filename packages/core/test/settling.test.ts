import { fail, hold } from '@varve/backend/faults'
import { replicate, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { dataFiles, itemsOf, SMALL } from './support/copies.js'
import { settle } from './support/event-loop.js'
import { item } from './support/items.js'
import { layBlocks } from './support/layout.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import {
  contentsAfterCrash,
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  openStore,
  recordEvents,
  reopenAfterCrash,
  type TestStore,
  watchWrites,
} from './support/test-store.js'

failOnUnhandledRejections()

const APPEND = 'append data00000.dat'
const SYNC = 'sync data00000.dat'
const CLOSE_BYTES = 44

/** As long as it takes until a store that does nothing settles. */
async function rest({ clock }: Pick<TestStore, 'clock'>): Promise<void> {
  await settle()
  clock.advance(250)
  await settle()
}

describe('a store that rests', () => {
  test('ends its file in a closing block, once, and goes on behind it', async () => {
    const store = await openStore()
    const location = await store.db.add(item(10), { durable: true })
    await settle()
    const [before] = (await fileLengths(store.memory)).values()
    const writes = watchWrites(store.disk)
    store.clock.advance(249)
    await settle()
    expect(writes()).toEqual([])
    store.clock.advance(1)
    await settle()
    expect([...(await fileLengths(store.memory)).values()]).toEqual([before! + CLOSE_BYTES])
    store.clock.advance(3_600_000)
    await settle()
    expect(writes()).toEqual([APPEND])
    const next = await store.db.add(item(20), { durable: true })
    expect(next.position).toBe(location.position + 10 + 2 * CLOSE_BYTES + 8)
    await rest(store)
    expect(await contentsOf(store.db)).toEqual([
      { location, data: item(10) },
      { location: next, data: item(20) },
    ])
    expect((await store.db.verify()).isIntact).toBe(true)
    await store.db.stop()
    expect(await contentsAfterStop(store)).toHaveLength(2)
  })

  test('leaves it to a write that is due in the same moment', async () => {
    const store = await openStore()
    await store.db.add(item(10), { durable: true })
    await settle()
    const writes = watchWrites(store.disk)
    const adding = store.db.add(item(20), { durable: true })
    store.clock.advance(250)
    await adding
    await settle()
    expect(writes()).toEqual([APPEND, SYNC])
    await store.db.stop()
  })

  test('has nothing to write at its stop but the sync of that block, and nothing to recover after a crash', async () => {
    const store = await openStore()
    await layBlocks(store.db, [10], [20])
    await rest(store)
    const crashed = await reopenAfterCrash(store)
    const events = recordEvents(crashed.db)
    expect(await contentsOf(crashed.db)).toHaveLength(2)
    expect(events.filter(({ name }) => name === 'recover')).toEqual([])
    await layBlocks(crashed.db, [30])
    await rest(crashed)
    const writes = watchWrites(crashed.disk)
    await crashed.db.stop()
    expect(writes()).toEqual([SYNC])
  })

  test('does so for what it found after a crash too', async () => {
    const store = await openStore()
    await layBlocks(store.db, [10])
    const crashed = await reopenAfterCrash(store)
    const writes = watchWrites(crashed.disk)
    await rest(crashed)
    expect(writes()).toEqual([APPEND])
    await crashed.db.stop()
  })

  test('has made durable what a flush had left to the operating system when it says so', async () => {
    const store = await openStore({ durability: 'os' })
    await store.db.add(item(10), { durable: true })
    await settle()
    const location = await store.db.add(item(20))
    const events = recordEvents(store.db)
    await rest(store)
    expect(events).toMatchObject([
      { name: 'write', durable: false },
      { name: 'sync', sequence: 2 },
    ])
    await store.db.whenDurable(location)
    await store.db.stop()
  })

  test('lays down first what is buffered, so that it never proves what is not there', async () => {
    const store = await openStore()
    await store.db.add(item(10), { durable: true })
    await settle()
    const location = await store.db.add(item(20))
    const writes = watchWrites(store.disk)
    await rest(store)
    expect(writes()).toEqual([APPEND, SYNC, APPEND])
    expect((await store.db.stats()).durableSequence).toBe(2)
    expect((await contentsAfterCrash(store))[1]).toEqual({ location, data: item(20) })
  })

  test('does not where nothing was synced, nor where it is told not to', async () => {
    for (const options of [{ durability: 'os', maxBufferItems: 1 }, { settleAfter: 0 }] as const) {
      const store = await openStore(options)
      const writes = watchWrites(store.disk)
      await store.db.add(item(10))
      if (!('durability' in options)) await store.db.flush()
      await rest(store)
      expect(writes().filter((write) => write === APPEND)).toHaveLength(1)
      await store.db.stop()
    }
  })

  test('takes the room that every file keeps for the closing block, and no more', async () => {
    const store = await openStore({ maxFileSize: 512 })
    // Header, block header, record header, and the closing block's room.
    await store.db.add(item(512 - 64 - 44 - 8 - 44), { durable: true })
    await rest(store)
    expect([...(await fileLengths(store.memory)).values()]).toEqual([512])
    expect(await store.db.add(item(1), { durable: true })).toMatchObject({ index: 1 })
    expect([...(await fileLengths(store.memory)).values()][0]).toBe(512)
    await store.db.stop()
    expect(await contentsAfterStop(store)).toHaveLength(2)
  })

  test('goes on behind the block with what is added while it is written, oversized items and transactions too', async () => {
    const store = await openStore({ maxBufferSize: 256, maxFileSize: 8192 })
    await layBlocks(store.db, [10])
    await settle()
    const gate = inject(store.disk, hold(), { kind: 'append' })
    store.clock.advance(250)
    await gate.reached
    const adds = [store.db.add(item(30), { durable: true }), store.db.add(item(1000)), store.db.add(item(40), { durable: true })]
    const transaction = store.db.transaction()
    transaction.add(item(50))
    const committed = transaction.commit()
    await settle()
    gate.release()
    const locations = [...(await Promise.all(adds)), ...(await committed)]
    await rest(store)
    const found = await contentsOf(store.db)
    expect(found.map(({ data }) => data.length).sort((a, b) => a - b)).toEqual([10, 30, 40, 50, 1000])
    for (const location of locations) expect(await store.db.read(location)).toEqual(item(location.size))
    expect(await contentsAfterCrash(store)).toEqual(found)
  })
})

describe('where the closing block of a rest is refused', () => {
  test('nobody is told and nothing is tried again, as nothing was lost', async () => {
    const store = await openStore()
    await layBlocks(store.db, [10])
    const events = recordEvents(store.db)
    const lengths = await fileLengths(store.memory)
    await settle()
    inject(store.disk, fail('NO_SPACE'), { kind: 'append' })
    await rest(store)
    const writes = watchWrites(store.disk)
    store.clock.advance(3_600_000)
    await settle()
    expect(writes()).toEqual([])
    expect(events).toEqual([])
    expect(await fileLengths(store.memory)).toEqual(lengths)
    await layBlocks(store.db, [20])
    expect(await contentsAfterCrash(store)).toHaveLength(2)
  })

  test('what was placed behind it meanwhile keeps its place', async () => {
    const store = await openStore()
    await layBlocks(store.db, [10])
    await settle()
    const gate = inject(store.disk, hold(), { kind: 'append' })
    store.clock.advance(250)
    await gate.reached
    const location = await store.db.add(item(30))
    gate.fail('NO_SPACE')
    await settle()
    expect(store.db.state).toBe('running')
    await store.db.flush()
    expect(await store.db.read(location)).toEqual(item(30))
    expect((await contentsAfterCrash(store))[1]).toEqual({ location, data: item(30) })
  })
})

test('a replication from elsewhere has the last flush of a store that rests', async () => {
  const store = await openStore(SMALL)
  const reader = await Varve.open(store.memory, { ...SMALL, readOnly: true })
  const copy = memoryBackend()
  const replication = replicate(reader, copy, { interval: 0 })
  await layBlocks(store.db, [20], [30])
  await replication.caughtUp()
  expect(await itemsOf(copy)).toHaveLength(1)
  await rest(store)
  await replication.caughtUp()
  expect(await itemsOf(copy)).toEqual(await collect(store.db.scan()))
  expect(await dataFiles(copy)).toEqual(await dataFiles(store.memory))
  await layBlocks(store.db, [40])
  await rest(store)
  await replication.caughtUp()
  expect(await dataFiles(copy)).toEqual(await dataFiles(store.memory))
  await store.db.stop()
  await reader.stop()
  await replication.done
})
