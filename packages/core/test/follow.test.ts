import { getEventListeners } from 'node:events'
import { fail, hold } from '@varve/backend/faults'
import type { ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { collect, range, sequencesOf, take } from './support/scanning.js'
import { openStore } from './support/test-store.js'
import { seededNumbers, takeTurns, turn } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('a follower', () => {
  test('gives what is there, then waits, then gives what comes, as soon as it is durable', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    const iterator = db.scan({ follow: true })
    expect(sequencesOf(await take(iterator, 2))).toEqual([0, 1])
    const next = iterator.next()
    expect(await stateOf(next)).toBe('pending')
    const [added] = (await addItems(db, 40)) as [LaidItem]
    expect(await stateOf(next)).toBe('pending')
    const gate = hold()
    disk.inject({ kind: 'sync', fault: gate })
    const flushed = db.flush()
    await gate.reached
    expect(await stateOf(next)).toBe('pending')
    gate.release()
    await flushed
    expect((await next).value).toMatchObject({ location: added.location, data: added.data, sequence: 2 })
  })

  test('of an empty store waits for the first item', async () => {
    const { db } = await openStore(SMALL)
    const next = db.scan({ follow: true }).next()
    expect(await stateOf(next)).toBe('pending')
    await layBlocks(db, [20])
    expect((await next).value?.sequence).toBe(0)
  })

  test('leaves nothing that wakes up while it waits', async () => {
    const { db, disk, clock } = await openStore(SMALL)
    const next = db.scan({ follow: true }).next()
    await settle()
    const before = disk.calls.length
    expect(clock.timers).toEqual([])
    await settle(50)
    expect(disk.calls.length).toBe(before)
    await db.stop()
    expect(await next).toEqual({ done: true, value: undefined })
  })

  test('goes on through rotation, also several files at a time', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ follow: true })
    const items = await fillUpTo(db, 4)
    expect(sequencesOf(await take(iterator, items.length))).toEqual(range(0, items.length))
    const more = await fillUpTo(db, 6)
    const found = await take(iterator, more.length)
    expect(found.map(({ data }) => data)).toEqual(more.map(({ data }) => data))
  })

  test('begins behind a point that is not reached yet', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ follow: true, from: { sequence: 9 } })
    const next = iterator.next()
    await fillUpTo(db, 2)
    expect((await next).value?.sequence).toBe(9)
  })

  test('ends where its upper bound is passed', async () => {
    const { db } = await openStore(SMALL)
    const following = collect(db.scan({ follow: true, to: { sequence: 8 } }))
    await fillUpTo(db, 2)
    expect(sequencesOf(await following)).toEqual(range(0, 8))
  })

  test('of locations goes on likewise', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.locations({ follow: true })
    const items = await fillUpTo(db, 2)
    const found = await take(iterator, items.length)
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    expect(found.every((one) => !('data' in one))).toBe(true)
  })

  test('sees a transaction across files whole, once all of it is durable', async () => {
    const { db, disk } = await openStore(SMALL)
    const iterator = db.scan({ follow: true })
    const next = iterator.next()
    const gate = hold()
    disk.inject({ kind: 'sync', name: 'data00002.dat', nth: 2, fault: gate })
    const committed = commitItems(db, 300, 300, 300, 300, 300)
    await gate.reached
    expect((await disk.list()).includes('data00002.dat')).toBe(true)
    expect(await stateOf(next)).toBe('pending')
    gate.release()
    const items = await committed
    const found = [(await next).value as ScannedItem, ...(await take(iterator, 4))]
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location))
  })
})

describe('a follower and removals', () => {
  test('does not show what was trimmed before it got there, and shows what is kept', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ follow: true })
    const first = (await layBlocks(db, [20, 30])).flat()
    expect(sequencesOf(await take(iterator, 2))).toEqual([0, 1])
    const second = (await layBlocks(db, [21, 22, 23])).flat() as [LaidItem, LaidItem, LaidItem]
    await db.ltrim(0, second[1].location.position)
    expect(sequencesOf(await take(iterator, 2))).toEqual([3, 4])
    expect(first.length).toBe(2)
  })

  test('goes on in the current file after an ltrim, and in the next one after an rtrim', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ follow: true })
    const [a, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    await take(iterator, 2)
    await db.ltrim(0, b.location.position)
    expect(a.location.index).toBe(0)
    const [c] = (await layBlocks(db, [40])).flat() as [LaidItem]
    expect((await take(iterator, 1))[0]?.location).toEqual(c.location)
    await db.rtrim(0, c.location.position)
    const [d] = (await layBlocks(db, [50])).flat() as [LaidItem]
    expect(d.location.index).toBe(1)
    expect((await take(iterator, 1))[0]).toMatchObject({ location: d.location, sequence: 3 })
  })

  test('goes on after everything that it has seen was dropped, and what it has not seen too', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ follow: true })
    await fillUpTo(db, 1)
    await take(iterator, 1)
    const items = await fillUpTo(db, 4)
    for (const index of [2, 0, 1, 3, 4]) await db.dropIndex(index)
    const [last] = (await layBlocks(db, [20])).flat() as [LaidItem]
    let found: ScannedItem
    do found = (await take(iterator, 1))[0] as ScannedItem
    while (found.location.index === 0)
    expect(found.location).toEqual(last.location)
    expect(items.length).toBeGreaterThan(10)
  })

  test('that goes on all the while sees every item that is never removed, in order, once', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferItems: 3 })
    takeTurns(disk)
    const random = seededNumbers(11)
    const found: ScannedItem[] = []
    const following = (async () => {
      for await (const one of db.scan({ follow: true })) {
        found.push(one)
        if (random() < 0.2) await turn()
      }
    })()
    const kept = new Map<string, LaidItem>()
    const key = (index: number, position: number): string => `${index}:${position}`
    for (let round = 0; round < 60; round++) {
      const added = round % 9 === 4 ? await commitItems(db, 200, 300, 250, 280) : await addItems(db, 10 + round, 40, 50)
      for (const one of added) kept.set(key(one.location.index, one.location.position), one)
      const all = [...kept.values()]
      const { index, position } = (all[Math.floor(random() * all.length)] as LaidItem).location
      const remove = (fits: (one: LaidItem) => boolean): void => {
        for (const [name, one] of kept) if (one.location.index === index && fits(one)) kept.delete(name)
      }
      if (round % 6 === 1) await db.ltrim(index, position).then(() => remove(({ location }) => location.position < position))
      if (round % 6 === 3) await db.rtrim(index, position).then(() => remove(({ location }) => location.position >= position))
      if (round % 12 === 5) await db.dropIndex(index).then(() => remove(() => true))
    }
    await db.flush()
    const last = (await commitItems(db, 5))[0] as LaidItem
    while (found.at(-1)?.location.index !== last.location.index || found.at(-1)?.location.position !== last.location.position) await turn()
    await db.stop()
    await following
    const sequences = sequencesOf(found)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    const seen = new Map(found.map((one) => [key(one.location.index, one.location.position), one.data]))
    for (const [name, { data }] of kept) expect(seen.get(name)).toEqual(data)
    expect(disk.openFiles).toEqual([])
  })
})

describe('the end of a follower', () => {
  test('comes when the store stops, after the last item that was laid down', async () => {
    const { db } = await openStore(SMALL)
    const following = collect(db.scan({ follow: true }))
    await layBlocks(db, [20])
    await addItems(db, 30)
    await settle()
    await db.stop()
    expect(sequencesOf(await following)).toEqual([0, 1])
  })

  test('is NOT_RUNNING for one that has not shown all that is durable when the store stops', async () => {
    const { db } = await openStore(SMALL)
    await fillUpTo(db, 3)
    const iterator = db.scan({ follow: true })
    await take(iterator, 1)
    await db.stop()
    expect(await codeOf(collect(iterator))).toBe('NOT_RUNNING')
  })

  test('is FAILED, with the cause, when the store fails, after everything that is durable', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    const found: number[] = []
    const following = failure(
      (async () => {
        for await (const { sequence } of db.scan({ follow: true })) found.push(sequence)
      })(),
    )
    await settle()
    await addItems(db, 40)
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await codeOf(db.flush())
    const error = await following
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBeDefined()
    expect(found).toEqual([0, 1])
  })

  test('is FAILED too where the store fails as its last flush takes too long', async () => {
    const { db, disk, clock } = await openStore(SMALL)
    const following = failure(collect(db.scan({ follow: true })))
    await settle()
    await addItems(db, 40)
    const gate = hold()
    disk.inject({ kind: 'append', fault: gate })
    const stopping = codeOf(db.stop())
    await gate.reached
    clock.advance(30_000)
    expect(await stopping).toBe('TIMEOUT')
    expect(await following).toMatchObject({ code: 'FAILED', cause: { code: 'TIMEOUT' } })
    gate.release()
  })

  test('is FAILED for one that is begun after the failure, behind what is durable', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    await addItems(db, 40)
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await codeOf(db.flush())
    const iterator = db.scan({ follow: true })
    expect(sequencesOf(await take(iterator, 1))).toEqual([0])
    expect(await codeOf(iterator.next())).toBe('FAILED')
  })

  test('comes with return, also while it waits for what comes', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const iterator = db.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    const afterwards = iterator.next()
    expect(await stateOf(next)).toBe('pending')
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await afterwards).toEqual({ done: true, value: undefined })
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('comes with its signal, also while it waits for what comes, and no listener stays', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20])
    const abort = new AbortController()
    const iterator = db.scan({ follow: true, signal: abort.signal })
    await take(iterator, 1)
    const next = rejection(iterator.next())
    await settle()
    abort.abort('enough')
    expect(await next).toBe('enough')
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  test('leaves no listener behind however often it waited', async () => {
    const { db } = await openStore(SMALL)
    const abort = new AbortController()
    const iterator = db.scan({ follow: true, signal: abort.signal })
    for (let n = 0; n < 5; n++) {
      const next = iterator.next()
      await settle()
      await layBlocks(db, [20])
      await next
    }
    expect(getEventListeners(abort.signal, 'abort').length).toBeLessThan(2)
    await iterator.return?.()
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })
})
