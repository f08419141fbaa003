import { getEventListeners } from 'node:events'
import { faultyBackend, hold } from '@varve/backend/faults'
import { type ScannedItem, Varve } from '@varve/core'
import { type MemoryBackend, memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { addItems, commitItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { ManualClock } from './support/manual-clock.js'
import { openReader } from './support/reader-store.js'
import { codeOf, failOnUnhandledRejections, rejection } from './support/rejections.js'
import { collect, range, sequencesOf, take } from './support/scanning.js'
import { copyFiles, diskOf, fileOf, joined, physical, type StoredFiles } from './support/stored-bytes.js'
import { openStore } from './support/test-store.js'
import { seededNumbers, takeTurns, turn } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('a follower beside a writer', () => {
  test('gives what is there, then what comes, in the same file and in new ones', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20, 30])
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    expect(sequencesOf(await take(iterator, 2))).toEqual([0, 1])
    const next = iterator.next()
    expect(await stateOf(next)).toBe('pending')
    const [added] = (await layBlocks(db, [40])).flat() as [LaidItem]
    expect((await next).value).toMatchObject({ ...added, sequence: 2 })
    const more = await fillUpTo(db, 4)
    const found = await take(iterator, more.length)
    expect(found.map(({ location, data }) => ({ location, data }))).toEqual(more)
    await reader.stop()
  })

  test('of locations does likewise', async () => {
    const { db, memory } = await openStore(SMALL)
    const { reader } = await openReader(memory)
    const iterator = reader.locations({ follow: true })
    const items = await fillUpTo(db, 2)
    expect((await take(iterator, items.length)).map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    await reader.stop()
  })

  test('goes on where the writer stops, another one starts, and rotates', async () => {
    const { db, memory } = await openStore(SMALL)
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await layBlocks(db, [20])
    await take(iterator, 1)
    await db.stop()
    await db.start()
    await layBlocks(db, [30])
    expect(sequencesOf(await take(iterator, 1))).toEqual([1])
    await db.stop()
    const next = iterator.next()
    expect(await stateOf(next)).toBe('pending')
    await db.start()
    const items = await fillUpTo(db, 3)
    expect(sequencesOf([(await next).value as ScannedItem, ...(await take(iterator, items.length - 1))])).toEqual(
      range(2, 2 + items.length),
    )
    await reader.stop()
  })

  test('looks again by one timer, however many wait, which holds the program and goes with the last of them', async () => {
    const { db, memory } = await openStore(SMALL)
    const clock = new ManualClock()
    const reader = new Varve(memory, { readOnly: true }, clock)
    await reader.start()
    const iterators = [reader.scan({ follow: true }), reader.scan({ follow: true }), reader.locations({ follow: true })]
    const nexts = iterators.map((iterator) => iterator.next())
    await settle()
    expect(clock.timers).toMatchObject([{ delay: 20, holdsProcess: true }])
    await layBlocks(db, [20])
    await settle()
    clock.advance(20)
    expect((await Promise.all(nexts)).map(({ value }) => value?.sequence)).toEqual([0, 0, 0])
    expect(clock.timers).toEqual([])
    const more = iterators.map((iterator) => iterator.next())
    await settle()
    await reader.stop()
    expect(await Promise.all(more)).toEqual(iterators.map(() => ({ done: true, value: undefined })))
    expect(clock.timers).toEqual([])
  })

  test('looks half as often where nothing has come for half a second, until something does', async () => {
    const { db, memory } = await openStore(SMALL)
    const clock = new ManualClock()
    const reader = new Varve(memory, { readOnly: true }, clock)
    await reader.start()
    const iterator = reader.scan({ follow: true })
    const delays: number[] = []
    const next = iterator.next()
    const lookAgain = async (): Promise<void> => {
      await settle()
      const [timer] = clock.timers
      delays.push(timer?.delay as number)
      clock.advance(timer?.delay as number)
    }
    for (let look = 0; look < 28; look++) await lookAgain()
    expect(delays).toEqual([...new Array<number>(26).fill(20), 40, 40])
    await layBlocks(db, [20])
    await lookAgain()
    expect((await next).value?.sequence).toBe(0)
    const later = iterator.next()
    await settle()
    expect(clock.timers).toMatchObject([{ delay: 20 }])
    await reader.stop()
    expect(await later).toEqual({ done: true, value: undefined })
  })
})

describe('a follower beside a writer that removes', () => {
  test('misses nothing that was added to the current file after its trim, before the next file began', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    expect(sequencesOf(await take(iterator, 2))).toEqual([0, 1])
    await db.ltrim(0, b.location.position)
    const more = await fillUpTo(db, 2)
    const found = await take(iterator, more.length)
    expect(found.map(({ location }) => location)).toEqual(more.map(({ location }) => location))
    await reader.stop()
  })

  test('finds what was added to the current file after its trim, while no other file begins', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30])).flat() as [LaidItem, LaidItem]
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 2)
    await db.ltrim(0, b.location.position)
    const next = iterator.next()
    await layBlocks(db, [40])
    expect((await next).value?.sequence).toBe(2)
    await reader.stop()
  })

  test('goes on in the next file after an rtrim of the one it reads', async () => {
    const { db, memory } = await openStore(SMALL)
    const [, b] = (await layBlocks(db, [20, 30], [40])).flat() as [LaidItem, LaidItem]
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    await db.rtrim(0, b.location.position)
    const [c] = (await layBlocks(db, [50])).flat() as [LaidItem]
    let found: ScannedItem
    do found = (await take(iterator, 1))[0] as ScannedItem
    while (found.location.index === 0)
    expect(found).toMatchObject({ location: c.location, sequence: 3 })
    await reader.stop()
  })

  test('goes on behind everything that was dropped, seen or not, the files before the first one too', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 3)
    await fillUpTo(db, 6)
    for (const index of [3, 0, 1, 2, 4, 5, 6]) await db.dropIndex(index)
    const [last] = (await layBlocks(db, [20])).flat() as [LaidItem]
    expect(await memory.list()).toEqual(['data00007.dat'])
    let found: ScannedItem
    do found = (await take(iterator, 1))[0] as ScannedItem
    while (found.location.index <= 1)
    expect(found.location).toEqual(last.location)
    await reader.stop()
  })

  test('goes on where everything it waits behind was dropped', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 1)
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, items.length)
    const next = iterator.next()
    await settle()
    await fillUpTo(db, 4)
    for (const index of [0, 1, 2, 3, 4]) await db.dropIndex(index)
    const [last] = (await layBlocks(db, [20])).flat() as [LaidItem]
    let found = (await next).value as ScannedItem
    while (found.location.index < 5) found = (await take(iterator, 1))[0] as ScannedItem
    expect(found.location).toEqual(last.location)
    await reader.stop()
  })

  test('sees every item that is never removed, in order, once, and no transaction in part', async () => {
    const { db, disk: writing, memory } = await openStore({ ...SMALL, maxBufferItems: 3 })
    takeTurns(writing)
    const { reader, disk } = await openReader(memory)
    const random = seededNumbers(23)
    const found: ScannedItem[] = []
    const following = (async () => {
      for await (const one of reader.scan({ follow: true })) {
        found.push(one)
        if (random() < 0.1) await turn()
      }
    })()
    const kept = new Map<string, LaidItem>()
    const key = ({ location: { index, position } }: Pick<LaidItem, 'location'>): string => `${index}:${position}`
    for (let round = 0; round < 60; round++) {
      const isGroup = round % 5 === 4
      const added = isGroup ? await commitItems(db, 300, 301, 302, 303) : await addItems(db, 10 + round, 40, 50)
      for (const one of added) kept.set(key(one), one)
      const all = [...kept.values()]
      const { index, position } = (all[Math.floor(random() * all.length)] as LaidItem).location
      const remove = (fits: (one: LaidItem) => boolean): void => {
        for (const [name, one] of kept) if (one.location.index === index && fits(one)) kept.delete(name)
      }
      if (round % 6 === 1) await db.ltrim(index, position).then(() => remove(({ location }) => location.position < position))
      if (round % 6 === 3) await db.rtrim(index, position).then(() => remove(({ location }) => location.position >= position))
      if (round % 12 === 5) await db.dropIndex(index).then(() => remove(() => true))
    }
    const last = (await commitItems(db, 5))[0] as LaidItem
    kept.set(key(last), last)
    while (!found.some((one) => key(one) === key(last))) await turn()
    await reader.stop()
    await following
    const sequences = sequencesOf(found)
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    const seen = new Map(found.map((one) => [key(one), one.data]))
    for (const [name, { data }] of kept) expect(seen.get(name)).toEqual(data)
    expect(disk.openFiles).toEqual([])
  })
})

describe('a follower and a write that is under way', () => {
  /** Every state that the files of a store go through while it is written, a few bytes at a time. */
  async function* growing(memory: MemoryBackend, final: StoredFiles, step: number): AsyncGenerator<{ name: string; length: number }> {
    for (const name of [...final.keys()].sort()) {
      const bytes = fileOf(final, name)
      const path = `/varve/${name}`
      memory.volume.mkdirSync('/varve', { recursive: true })
      memory.volume.writeFileSync(path, '')
      yield { name, length: 0 }
      for (let at = 0; at < bytes.length; at += step) {
        memory.volume.appendFileSync(path, bytes.subarray(at, at + step))
        yield { name, length: Math.min(bytes.length, at + step) }
      }
    }
  }

  test.each([5, 64])(
    'sees blocks only whole, and transactions only whole, however slowly they are written (%s bytes at a time)',
    async (step) => {
      const { db, memory: source } = await openStore(SMALL)
      const items = [...(await layBlocks(db, [20, 30], [40])).flat(), ...(await commitItems(db, 10, 11)), ...(await fillUpTo(db, 1))]
      const groupFrom = items.length
      items.push(...(await commitItems(db, 300, 300, 300, 300, 300)))
      const groupTo = items.length
      items.push(...(await layBlocks(db, [5])).flat())
      await db.stop()
      const final = await copyFiles(source)
      const memory = await diskOf(new Map([['data00000.dat', fileOf(final, 'data00000.dat').subarray(0, 64)]]))
      const { reader } = await openReader(memory)
      const found: ScannedItem[] = []
      const following = (async () => {
        for await (const one of reader.scan({ follow: true })) found.push(one)
      })()
      const complete = ({ location: { index, position, size } }: LaidItem, name: string, length: number): boolean =>
        name > `data0000${index}.dat` || (name === `data0000${index}.dat` && length >= physical(position + 8 + size))
      for await (const { name, length } of growing(memory, final, step)) {
        for (let turns = 0; turns < 6; turns++) await turn()
        for (const one of items.slice(0, found.length)) expect(complete(one, name, length)).toBe(true)
        const isInGroup = found.length > groupFrom && found.length < groupTo
        expect(isInGroup, `${found.length} items at ${name} ${length}`).toBe(false)
      }
      while (found.length < items.length) await turn()
      expect(found.map(({ location, data }) => ({ location, data }))).toEqual(items)
      await reader.stop()
      await following
    },
  )

  test('waits where the size of the file arrives before its bytes', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const before = await copyFiles(memory)
    await layBlocks(db, [30, 40])
    const after = fileOf(await copyFiles(memory), 'data00000.dat')
    const start = fileOf(before, 'data00000.dat').length
    const other = await diskOf(before)
    const { reader } = await openReader(other)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    const path = '/varve/data00000.dat'
    for (let known = start; known < after.length; known += 9) {
      other.volume.writeFileSync(path, joined(after.subarray(0, known), new Uint8Array(after.length - known)))
      expect(await stateOf(next)).toBe('pending')
    }
    other.volume.writeFileSync(path, after)
    expect((await next).value?.sequence).toBe(1)
    expect(sequencesOf(await take(iterator, 1))).toEqual([2])
    await reader.stop()
  })

  test('takes no block for damage that comes whole, and has one behind it, between two reads of the same look', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const start = fileOf(await copyFiles(memory), 'data00000.dat').length
    await layBlocks(db, [30], [40])
    const after = fileOf(await copyFiles(memory), 'data00000.dat')
    const other = await diskOf(new Map([['data00000.dat', after]]))
    const path = '/varve/data00000.dat'
    for (let reads = 1; reads <= 12; reads++) {
      other.volume.writeFileSync(path, joined(after.subarray(0, start + 9), new Uint8Array(after.length - start - 9)))
      const { reader, disk } = await openReader(other)
      const iterator = reader.scan({ follow: true })
      await take(iterator, 1)
      const gate = hold()
      disk.inject({ kind: 'read', nth: reads, fault: gate })
      const next = iterator.next()
      await gate.reached
      other.volume.writeFileSync(path, after)
      gate.release()
      expect((await next).value?.sequence, `after ${reads} reads`).toBe(1)
      expect(sequencesOf(await take(iterator, 1))).toEqual([2])
      await reader.stop()
    }
  })

  test('waits for a transaction across files whose end is yet to come, while the next file is there', async () => {
    const { db, disk, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    const gate = hold()
    disk.inject({ kind: 'append', name: 'data00001.dat', nth: 2, fault: gate })
    const committed = commitItems(db, 300, 300, 300, 300)
    await gate.reached
    expect(await stateOf(next)).toBe('pending')
    gate.release()
    const items = await committed
    const found = [(await next).value as ScannedItem, ...(await take(iterator, 3))]
    expect(found.map(({ location }) => location)).toEqual(items.map(({ location }) => location))
    await reader.stop()
  })

  test('never shows what a crash undoes, and shows what takes its place', async () => {
    const { db, disk, memory, options } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    disk.inject({ kind: 'append', name: 'data00001.dat', nth: 2, fault: hold() })
    void commitItems(db, 300, 300, 300, 300)
    expect(await stateOf(next)).toBe('pending')
    await disk.end()
    const { db: second } = await openStore(options, memory)
    const [instead] = (await layBlocks(second, [33])).flat() as [LaidItem]
    expect((await next).value).toMatchObject({ ...instead, sequence: 1 })
    const more = await fillUpTo(second, 2)
    expect((await take(iterator, more.length)).map(({ location }) => location)).toEqual(more.map(({ location }) => location))
    await reader.stop()
    await second.stop()
  })

  test('goes on in the same file where the next one was never used, and was removed after a crash', async () => {
    const { db, disk, memory, options } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    const gate = hold()
    disk.inject({ kind: 'append', name: 'data00001.dat', fault: gate })
    void layBlocks(db, [800])
    await gate.reached
    expect(await memory.list()).toContain('data00001.dat')
    await settle(60)
    await disk.end()
    const { db: second } = await openStore(options, memory)
    const [[instead]] = (await layBlocks(second, [33])) as [[LaidItem]]
    expect(instead.location.index).toBe(0)
    const more = await fillUpTo(second, 2)
    const found = [(await next).value as ScannedItem, ...(await take(iterator, more.length))]
    expect(found.map(({ location, data }) => ({ location, data }))).toEqual([instead, ...more])
    await reader.stop()
    await second.stop()
  })

  test('waits for a new file whose header is yet to come', async () => {
    const { db, disk, memory } = await openStore(SMALL)
    const items = (await fillUpTo(db, 1)).slice(0, -1)
    const { reader } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, items.length + 1)
    const next = iterator.next()
    const gate = hold()
    disk.inject({ kind: 'append', name: 'data00002.dat', fault: gate })
    const filling = fillUpTo(db, 2)
    await gate.reached
    expect(await memory.list()).toContain('data00002.dat')
    await settle(60)
    gate.release()
    const more = await filling
    const found = [(await next).value as ScannedItem, ...(await take(iterator, more.length - 1))]
    expect(found.map(({ location }) => location)).toEqual(more.map(({ location }) => location))
    await reader.stop()
  })
})

describe('the end of a follower beside a writer', () => {
  test('comes with stop, with its signal and with return, also while it waits', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader, disk } = await openReader(memory)
    const first = reader.scan({ follow: true })
    const second = reader.scan({ follow: true })
    const abort = new AbortController()
    const third = reader.scan({ follow: true, signal: abort.signal })
    for (const iterator of [first, second, third]) await take(iterator, 1)
    const ends = [first.next(), second.next()]
    const aborted = rejection(third.next())
    await settle()
    expect(await second.return?.()).toEqual({ done: true, value: undefined })
    abort.abort('enough')
    expect(await aborted).toBe('enough')
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
    await reader.stop()
    expect(await Promise.all(ends)).toEqual([
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(disk.openFiles).toEqual([])
  })

  test.each(['size', 'open', 'close', 'list'] as const)('comes with stop in the middle of a look too (%s)', async (kind) => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader, disk } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = iterator.next()
    await settle()
    const gate = hold()
    disk.inject({ kind, fault: gate })
    await gate.reached
    const stopping = reader.stop()
    await settle()
    gate.release()
    await stopping
    expect(await next).toEqual({ done: true, value: undefined })
    expect(disk.openFiles).toEqual([])
  })

  test('is CORRUPT where what it waits at is damage', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 1)
    const { reader } = await openReader(memory)
    const path = '/varve/data00000.dat'
    const bytes = Uint8Array.from(memory.volume.readFileSync(path) as Uint8Array)
    bytes[physical((items[3] as LaidItem).location.position + 20)] = 0x77
    memory.volume.writeFileSync(path, bytes)
    const found: number[] = []
    const following = (async () => {
      for await (const { sequence } of reader.scan({ follow: true })) found.push(sequence)
    })()
    expect(await codeOf(following)).toBe('CORRUPT')
    expect(found).toEqual([0, 1, 2])
    await reader.stop()
  })

  test('is the error of the medium, by name', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const { reader, disk } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 1)
    const next = codeOf(iterator.next())
    // A file that is gone is looked up once more, so the medium has to go on failing.
    disk.inject({
      kind: 'size',
      times: Number.POSITIVE_INFINITY,
      fault: { type: 'fail', code: 'IO', when: 'before', description: 'fails' },
    })
    expect(await next).toBe('IO')
    await reader.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('that nobody reads any more costs nothing', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    const { reader, disk } = await openReader(memory)
    const iterator = reader.scan({ follow: true })
    await take(iterator, 2)
    await settle()
    const before = disk.calls.length
    await settle(60)
    expect(disk.calls.length).toBe(before)
    await reader.stop()
    expect(await collect(iterator).catch((error: { code: string }) => error.code)).toBe('NOT_RUNNING')
  })
})

test('a follower in an empty place is NOT_FOUND, as there is no store', async () => {
  const disk = faultyBackend(memoryBackend())
  expect(await codeOf(Varve.open(disk, { readOnly: true }))).toBe('NOT_FOUND')
})
