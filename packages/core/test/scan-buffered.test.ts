import { fail, hold } from '@varve/backend/faults'
import { KiB, MiB, type ScannedItem } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections } from './support/rejections.js'
import { collect, range, sequencesOf, take, within } from './support/scanning.js'
import { openStore } from './support/test-store.js'
import { takeTurns, turn } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('a buffered scan', () => {
  test('shows what is durable and then what is gathered in memory', async () => {
    const { db } = await openStore(SMALL)
    const items = [...(await layBlocks(db, [20, 30])).flat(), ...(await addItems(db, 40, 50))]
    const found = await collect(db.scan({ buffered: true }))
    expect(found.map(({ location, data }) => ({ location, data }))).toEqual(items)
    expect(sequencesOf(found)).toEqual(range(0, 4))
    expect(sequencesOf(await collect(db.scan({ buffered: true, reverse: true })))).toEqual([3, 2, 1, 0])
    expect(sequencesOf(await collect(db.locations({ buffered: true })))).toEqual([0, 1, 2, 3])
  })

  test('shows what waits for its file to be created, across files', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferSize: 900 })
    const gate = hold()
    disk.inject({ kind: 'append', fault: gate })
    const items = await addItems(db, 400, 400, 400)
    await settle()
    expect((items[2] as LaidItem).location.index).toBe(1)
    const found = await collect(db.scan({ buffered: true }))
    expect(found.map(({ data }) => data)).toEqual(items.map(({ data }) => data))
    expect(await collect(db.scan({ buffered: true, reverse: true }))).toEqual([...found].reverse())
    gate.release()
  })

  test('shows a block of many slabs in memory, in order', async () => {
    const { db } = await openStore({ maxFileSize: 32 * MiB, maxBufferSize: 16 * MiB })
    const items = await addItems(db, ...Array.from({ length: 12 }, () => 400 * KiB))
    const found = await collect(db.scan({ buffered: true }))
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    for (const [n, { data }] of found.entries()) expect(Buffer.compare(data, (items[n] as LaidItem).data)).toBe(0)
  })

  test('gives copies: what is changed in them changes nothing', async () => {
    const { db } = await openStore(SMALL)
    const [one] = (await addItems(db, 40)) as [LaidItem]
    const [found] = (await collect(db.scan({ buffered: true }))) as [ScannedItem]
    found.data.fill(0)
    expect(await db.read(one.location)).toEqual(one.data)
  })

  test('ends, however much is added while it goes on', async () => {
    const { db } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    await addItems(db, 30)
    const found: number[] = []
    for await (const { sequence } of db.scan({ buffered: true })) {
      found.push(sequence)
      await addItems(db, 40)
      if (sequence % 2 === 0) await db.flush()
    }
    expect(found.slice(0, 3)).toEqual([0, 1, 2])
    expect(found.length).toBeLessThan(7)
  })

  test('keeps to its bounds in memory as in files', async () => {
    const { db, clock } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    clock.advance(5)
    await addItems(db, 40, 50, 60)
    const all = await collect(db.scan({ buffered: true }))
    const points = all.flatMap(({ location, sequence, timestamp }) => [
      { location },
      { sequence },
      { time: timestamp },
      { time: timestamp + 1 },
    ])
    for (const low of points) {
      for (const to of points) {
        for (const reverse of [false, true]) {
          for (const bounds of [
            { from: low, to, reverse },
            { after: low, to, reverse },
            { after: low, reverse },
            { to, reverse },
          ]) {
            expect(await collect(db.scan({ ...bounds, buffered: true }))).toEqual(within(all, bounds))
          }
        }
      }
    }
  })

  test("gives times of the store's own clock, which never go backwards", async () => {
    const { db, clock } = await openStore(SMALL)
    await layBlocks(db, [20])
    const before = clock.now()
    clock.jumpTo(before - 100_000)
    await addItems(db, 30)
    const times = (await collect(db.scan({ buffered: true }))).map(({ timestamp }) => timestamp)
    expect(times).toEqual([before, before])
    await db.flush()
    expect((await collect(db.scan())).map(({ timestamp }) => timestamp)).toEqual([before, before])
  })

  test('shows what a refused write has left in memory', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    disk.inject({ kind: 'append', fault: fail('NO_SPACE') })
    await addItems(db, 30)
    await codeOf(db.flush())
    expect(sequencesOf(await collect(db.scan({ buffered: true })))).toEqual([0, 1])
    expect(sequencesOf(await collect(db.scan()))).toEqual([0])
  })
})

describe('a buffered scan and a transaction', () => {
  test('that is being written goes past it, and shows what was added behind it', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const gate = hold()
    disk.inject({ kind: 'sync', name: 'data00001.dat', nth: 2, fault: gate })
    const committed = commitItems(db, 300, 300, 300, 300)
    await settle()
    const [behind] = (await addItems(db, 30)) as [LaidItem]
    await gate.reached
    for (const reverse of [false, true]) {
      const found = await collect(db.scan({ buffered: true, reverse }))
      expect(found.map(({ sequence }) => sequence)).toEqual(reverse ? [5, 0] : [0, 5])
      expect(found.find(({ sequence }) => sequence === 5)?.data).toEqual(behind.data)
    }
    gate.release()
    await committed
    expect(sequencesOf(await collect(db.scan({ buffered: true })))).toEqual(range(0, 6))
  })

  test('never shows half of it, whenever it looks', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferSize: 500 })
    takeTurns(disk)
    let isDone = false
    let looks = 0
    const transactions: LaidItem[][] = []
    const writing = (async () => {
      for (let round = 0; round < 25; round++) {
        await addItems(db, 30, 40)
        transactions.push(await commitItems(db, 300, 310, 320, 330, 340))
      }
      isDone = true
    })()
    while (!isDone) {
      const found = await collect(db.scan({ buffered: true, reverse: looks % 2 === 1 }))
      looks++
      const seen = new Map<number, number>()
      for (const { location } of found) if (location.size >= 300) seen.set(location.size, (seen.get(location.size) ?? 0) + 1)
      expect(new Set(seen.values()).size, `look ${looks}: ${JSON.stringify([...seen])}`).toBeLessThanOrEqual(1)
      await turn()
    }
    await writing
    expect(looks).toBeGreaterThan(20)
    expect((await collect(db.scan())).length).toBe(25 * 7)
  })

  test('waits for it where it follows, and then shows it whole', async () => {
    const { db, disk } = await openStore(SMALL)
    await layBlocks(db, [20])
    const iterator = db.scan({ buffered: true, follow: true })
    await take(iterator, 1)
    const gate = hold()
    disk.inject({ kind: 'sync', name: 'data00001.dat', nth: 2, fault: gate })
    const committed = commitItems(db, 300, 300, 300, 300)
    await gate.reached
    await addItems(db, 30)
    const next = iterator.next()
    expect(await stateOf(next)).toBe('pending')
    gate.release()
    await committed
    expect((await next).value?.sequence).toBe(1)
    expect(sequencesOf(await take(iterator, 4))).toEqual([2, 3, 4, 5])
  })
})

describe('a buffered follower', () => {
  test('gives items as soon as they are accepted, without a flush', async () => {
    const { db } = await openStore(SMALL)
    const iterator = db.scan({ buffered: true, follow: true })
    for (let n = 0; n < 5; n++) {
      const next = iterator.next()
      await settle()
      const [added] = (await addItems(db, 20 + n)) as [LaidItem]
      expect((await next).value).toMatchObject({ sequence: n, data: added.data })
    }
    expect((await db.stats()).flushes).toBe(0)
    await fillUpTo(db, 2)
    const { nextSequence } = await db.stats()
    expect(sequencesOf(await take(iterator, nextSequence - 5))).toEqual(range(5, nextSequence))
    await iterator.return?.()
  })

  test('gives an item larger than the buffer once it is accepted', async () => {
    const { db } = await openStore({ ...SMALL, maxBufferSize: 128 })
    const iterator = db.scan({ buffered: true, follow: true })
    const next = iterator.next()
    const [added] = (await addItems(db, 500)) as [LaidItem]
    expect((await next).value).toMatchObject({ location: added.location })
    await db.stop()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
  })

  test.each([
    ['behind a closing block', 250],
    ['behind a block', 0],
  ])('gives an item that is accepted at any moment while it looks for one %s', async (_, rest) => {
    for (let moment = 0; moment < 60; moment++) {
      const { db, clock } = await openStore(SMALL)
      const after = await db.add(new Uint8Array(1), { durable: true })
      await settle()
      clock.advance(rest)
      await settle()
      const iterator = db.scan({ buffered: true, follow: true, after: { location: after } })
      const next = iterator.next()
      for (let n = 0; n < moment; n++) await Promise.resolve()
      const location = await db.add(new Uint8Array(2))
      await settle()
      expect(await stateOf(next), `moment ${moment}`).toBe('resolved')
      expect((await next).value).toMatchObject({ location, sequence: 1 })
      await iterator.return?.()
      await db.stop()
    }
  })

  test('ends when the store stops', async () => {
    const { db } = await openStore(SMALL)
    const following = collect(db.scan({ buffered: true, follow: true }))
    await addItems(db, 20, 30)
    await settle()
    await db.stop()
    expect(sequencesOf(await following)).toEqual([0, 1])
  })
})
