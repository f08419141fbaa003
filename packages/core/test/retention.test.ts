import { everyCrash, fail, powerLossBackend } from '@varve/backend/faults'
import { replicate, Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { fillUpTo, layBlocks } from './support/layout.js'
import { codeThrownBy, failOnUnhandledRejections } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

// Without overwrite: retention is a permission of its own.
const SMALL = { maxFileSize: 1024 } as const

/** Until nothing is left to drop. */
async function untilSettled(db: Varve): Promise<readonly [number, number]> {
  await settle(40)
  const { firstIndex, lastIndex } = await db.stats()
  return [firstIndex, lastIndex]
}

describe('retention', () => {
  test('by files keeps so many, the last one included, and tells of each drop', async () => {
    const { db } = await openStore({ ...SMALL, retention: { maxFiles: 3 } })
    const events = recordEvents(db)
    await fillUpTo(db, 6)
    expect(await untilSettled(db)).toEqual([4, 6])
    expect(events.filter(({ name }) => name === 'destroyIndex')).toMatchObject([0, 1, 2, 3].map((index) => ({ index })))
    expect((await collect(db.locations()))[0]?.location.index).toBe(4)
    await db.stop()
  })

  test('by bytes keeps the files that together have no more, and always the last one', async () => {
    const { db } = await openStore({ ...SMALL, retention: { maxBytes: 2500 } })
    await fillUpTo(db, 6)
    const [first] = await untilSettled(db)
    const { bytes } = await db.stats()
    expect(bytes).toBeLessThanOrEqual(2500)
    expect(bytes).toBeGreaterThan(2500 - 1024 - 200)
    expect(first).toBeGreaterThan(2)
    await db.stop()
    const { db: least } = await openStore({ ...SMALL, retention: { maxBytes: 1 } })
    await fillUpTo(least, 3)
    expect(await untilSettled(least)).toEqual([3, 3])
    await least.stop()
  })

  test('by age drops a file when its newest item is too old, by itself, and never the last one', async () => {
    const { db, clock } = await openStore({ ...SMALL, retention: { maxAge: 60_000 } })
    await fillUpTo(db, 1)
    clock.advance(40_000)
    await fillUpTo(db, 2)
    expect(await untilSettled(db)).toEqual([0, 2])
    clock.advance(20_000)
    expect(await untilSettled(db)).toEqual([0, 2])
    clock.advance(1)
    expect(await untilSettled(db)).toEqual([1, 2])
    clock.advance(1_000_000)
    expect(await untilSettled(db)).toEqual([2, 2])
    expect(clock.timers.filter(({ holdsProcess }) => holdsProcess)).toEqual([])
    await db.stop()
  })

  test('begins with what is there at the start, and leaves a store alone that is only read', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 4)
    await db.stop()
    const retention = { maxFiles: 2 }
    const reader = await Varve.open(memory, { ...SMALL, readOnly: true, retention })
    expect(await untilSettled(reader)).toEqual([0, 4])
    await reader.stop()
    const { db: again } = await openStore({ ...SMALL, retention }, memory)
    expect(await untilSettled(again)).toEqual([3, 4])
    await again.stop()
  })

  test('tells a drop that fails, goes on, and tries again with the next full file', async () => {
    const { db, disk } = await openStore({ ...SMALL, retention: { maxFiles: 2 } })
    const events = recordEvents(db)
    await fillUpTo(db, 1)
    disk.inject({ kind: 'remove', fault: fail('BUSY') })
    await fillUpTo(db, 2)
    expect(await untilSettled(db)).toEqual([0, 2])
    expect(events.filter(({ name }) => name === 'failure')).toMatchObject([{ fatal: false, error: { code: 'BUSY' } }])
    await fillUpTo(db, 3)
    expect(await untilSettled(db)).toEqual([2, 3])
    await db.stop()
  })

  test('waits for the replications that it is told to wait for, also before they run', async () => {
    const { db } = await openStore({ ...SMALL, retention: { maxFiles: 1, replicas: 1 } })
    await fillUpTo(db, 3)
    expect(await untilSettled(db)).toEqual([0, 3])
    const copy = memoryBackend()
    const replication = replicate(db, copy, { interval: 0 })
    await replication.caughtUp()
    expect(await untilSettled(db)).toEqual([3, 3])
    await replication.caughtUp()
    await replication.stop()
    await fillUpTo(db, 5)
    expect(await untilSettled(db)).toEqual([3, 5])
    await using again = replicate(db, copy, { interval: 0 })
    await again.caughtUp()
    expect(await untilSettled(db)).toEqual([5, 5])
    await db.stop()
  })

  test('waits for the cursors that it is told to wait for, also before they are there', async () => {
    const { db } = await openStore({ ...SMALL, retention: { maxFiles: 1, cursors: ['indexer', 'mailer'] } })
    const laid = await fillUpTo(db, 2)
    const inFirst = laid.filter(({ location }) => location.index === 0).length
    expect(await untilSettled(db)).toEqual([0, 2])
    const [indexer, mailer] = [await db.cursor('indexer'), await db.cursor('mailer')]
    await indexer.commit({ sequence: laid.length - 1 })
    expect(await untilSettled(db)).toEqual([0, 2])
    await mailer.commit({ sequence: inFirst - 2 })
    expect(await untilSettled(db)).toEqual([0, 2])
    await mailer.commit({ sequence: inFirst - 1 })
    expect(await untilSettled(db)).toEqual([1, 2])
    await mailer.commit({ sequence: laid.length - 1 })
    expect(await untilSettled(db)).toEqual([2, 2])
    await db.stop()
  })

  test.each([
    [7, /^retention is 7; allowed: an object of limits/],
    [[], /^retention is an object/],
    [{ maxBytes: 0 }, /^retention\.maxBytes is 0; allowed: a whole number from 1 /],
    [{ maxAge: 1.5 }, /^retention\.maxAge is 1\.5/],
    [{ maxFiles: '3' }, /^retention\.maxFiles is "3"/],
    [{ replicas: -1 }, /^retention\.replicas is -1; allowed: a whole number from 0 /],
    [{ cursors: 'indexer' }, /^retention\.cursors is "indexer"; allowed: an array/],
    [{ cursors: ['Indexer'] }, /^retention\.cursors is "Indexer"; allowed: 1 to 64 of/],
    [{ maxItems: 3 }, /^retention is .*maxItems.*; allowed: an object of maxBytes, maxAge, maxFiles, replicas, cursors/],
  ])('%j is INVALID_OPTION', (retention, message) => {
    const open = () => new Varve(memoryBackend(), { retention: retention as never })
    expect(codeThrownBy(open)).toBe('INVALID_OPTION')
    expect(open).toThrow(message)
  })
})

test('a power cut at any step of a drop leaves every item behind the oldest file, and a store that opens', {
  timeout: 60_000,
}, async () => {
  const { states } = await everyCrash({
    backend: powerLossBackend(),
    promised: { from: 0, to: 0 },
    run: async (backend, promised) => {
      const db = await Varve.open(backend, { maxFileSize: 512, retention: { maxFiles: 2 } })
      // What is not dropped yet may go any moment; what is kept is two files with at least one item.
      db.on('rotate', () => {
        promised.from = Math.max(promised.from, promised.to - 3)
      })
      for (let n = 0; n < 12; n++) {
        await layBlocks(db, [60])
        promised.to++
        await settle(4)
      }
      expect((await untilSettled(db))[0]).toBeGreaterThan(0)
      await db.stop()
    },
    check: async (backend, { from, to }) => {
      const db = await Varve.open(backend, { maxFileSize: 512 })
      const found = (await collect(db.locations())).map(({ sequence }) => sequence)
      for (let sequence = from; sequence < to; sequence++) expect(found).toContain(sequence)
      expect((await db.verify()).isIntact).toBe(true)
      await db.stop()
    },
    states: { sectorSize: 64, maxSectors: 4, maxCombinations: 8, maxSubsets: 4, samples: 1 },
  })
  expect(states).toBeGreaterThan(40)
})
