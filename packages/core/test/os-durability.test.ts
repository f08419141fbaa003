import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { failOnUnhandledRejections } from './support/rejections.js'
import { contentsOf, openStore, recordEvents, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

describe('with durability "os"', () => {
  test('nothing is synced until it is asked for', async () => {
    const { db, disk, clock } = await openStore({ durability: 'os', flushInterval: 1000, maxBufferItems: 5 })
    const writes = watchWrites(disk)
    await db.addMany(items(5, 10))
    await settle()
    await db.add(item(1))
    clock.advance(1000)
    await settle()
    expect(writes()).toEqual(['append data00000.dat', 'append data00000.dat'])
    const stats = await db.stats()
    expect(stats.buffered.items).toBe(0)
    expect(stats.durableSequence).toBe(0)
    expect(stats.syncs).toBe(0)
  })

  test('flush, a durable add, a transaction and stop sync all that came before', async () => {
    const store = await openStore({ durability: 'os', maxBufferItems: 1 })
    const { db } = store
    const layDown = async () => {
      const { nextSequence } = await db.stats()
      await db.add(item(1))
      await settle()
      expect((await db.stats()).durableSequence).toBe(nextSequence)
    }
    await layDown()
    await db.flush()
    expect((await db.stats()).durableSequence).toBe(1)
    await layDown()
    await db.add(item(2), { durable: true })
    expect((await db.stats()).durableSequence).toBe(3)
    await layDown()
    const transaction = db.transaction()
    transaction.add(item(3))
    await transaction.commit()
    expect((await db.stats()).durableSequence).toBe(5)
    await layDown()
    await db.stop()
    const { disk } = await openStore({}, store.memory)
    // Opening a store that was stopped looks at its two ends and no further: all was done.
    expect([disk.count('read'), disk.count('sync'), disk.count('append')]).toEqual([2, 1, 0])
  })

  test('the sync event says from when on what was written is durable, after the events that left it open', async () => {
    const { db } = await openStore({ durability: 'os', maxBufferItems: 2 })
    const events = recordEvents(db)
    await db.addMany(items(2, 10))
    await settle()
    await db.addMany(items(2, 10))
    await settle()
    await db.flush()
    expect(events).toMatchObject([
      { name: 'write', sequence: 0, count: 2, durable: false },
      { name: 'write', sequence: 2, count: 2, durable: false },
      { name: 'sync', sequence: 4 },
    ])
    await db.add(item(1), { durable: true })
    // Said by the write event itself.
    expect(events.slice(3)).toMatchObject([{ name: 'write', sequence: 4, count: 1, durable: true }])
  })

  test('a flush that is asked for at any moment of another one comes to its end', async () => {
    for (let later = 0; later < 30; later++) {
      const { db } = await openStore({ durability: 'os', maxBufferItems: 1 })
      let flushed: Promise<void> | undefined
      const flushLater = (ticks: number): void => {
        if (ticks > 0) queueMicrotask(() => flushLater(ticks - 1))
        else flushed = db.flush()
      }
      db.on('write', () => flushLater(later))
      await db.add(item(1))
      await settle()
      expect(await stateOf(flushed as Promise<void>)).toBe('resolved')
      expect((await db.stats()).durableSequence).toBe(1)
    }
  })

  test('what is written and not synced can be read, and is shown by a scan only where it is asked for', async () => {
    const { db } = await openStore({ durability: 'os', maxBufferItems: 1 })
    const location = await db.add(item(1))
    await settle()
    expect((await db.stats()).buffered.items).toBe(0)
    expect(await db.read(location)).toEqual(item(1))
    expect(await contentsOf(db)).toEqual([])
    expect(await contentsOf(db, { buffered: true })).toEqual([{ location, data: item(1) }])
    await db.flush()
    expect(await contentsOf(db)).toEqual([{ location, data: item(1) }])
  })
})
