import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, hold } from '@varve/backend/faults'
import { type Location, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { addItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { outcomeOf } from './support/outcome.js'
import { readingCases } from './support/reading-cases.js'
import { codeOf, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { openStore } from './support/test-store.js'
import { countTurns, seededNumbers, takeTurns, turn } from './support/turns.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

describe('what read comes to', () => {
  test.each(readingCases)('$name', async ({ make }) => {
    const { db, location, expected } = await make()
    expect(await outcomeOf(() => db.read(location))).toEqual(expected)
  })

  test('the same from a real disk', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-read-'))
    try {
      await using db = await Varve.open(fsBackend(directory), SMALL)
      const items = (await layBlocks(db, [20, 300], [700], [5, 6, 7])).flat()
      for (const { location, data } of items) expect(await db.read(location)).toEqual(data)
      expect(await codeOf(db.read({ index: 0, position: 45, size: 20 }))).toBe('INVALID_LOCATION')
      await db.dropIndex(0)
      expect(await db.read((items[0] as LaidItem).location)).toBeUndefined()
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})

describe('the bytes that read gives', () => {
  test.each(['from memory', 'from the file'])('are a copy, %s', async (from) => {
    const { db } = await openStore()
    const [one] = await addItems(db, 100)
    const { location, data } = one as LaidItem
    if (from === 'from the file') await db.flush()
    const first = await db.read(location)
    first?.fill(0)
    expect(await db.read(location)).toEqual(data)
  })

  test('are a plain Uint8Array of exactly the item', async () => {
    const { db } = await openStore()
    const [one] = await addItems(db, 5)
    const { location } = one as LaidItem
    for (const bytes of [await db.read(location), await db.flush().then(() => db.read(location))]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
      expect(bytes?.byteLength).toBe(5)
    }
  })

  test('are counted by where they came from', async () => {
    const { db } = await openStore()
    const [one] = await addItems(db, 5)
    const { location } = one as LaidItem
    await db.read(location)
    await db.flush()
    await db.read(location)
    await db.read(location)
    await db.read({ ...location, position: 4000 })
    expect((await db.stats()).reads).toEqual({ memory: 1, backend: 2 })
  })
})

describe('what is no location', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', '0:44:20'],
    ['an object without a size', { index: 0, position: 44 }],
    ['a position that is text', { index: 0, position: '44', size: 20 }],
  ])('is a TypeError: %s', async (_, location) => {
    const { db } = await openStore()
    expect(await rejection(db.read(location as never))).toBeInstanceOf(TypeError)
  })

  test.each([
    ['a negative index', { index: -1, position: 44, size: 20 }],
    ['a fraction', { index: 0, position: 44.5, size: 20 }],
    ['not a number', { index: 0, position: Number.NaN, size: 20 }],
    ['a position of more than 32 bits', { index: 0, position: 2 ** 32, size: 20 }],
    ['a size of 0', { index: 0, position: 44, size: 0 }],
  ])('is INVALID_LOCATION: %s', async (_, location) => {
    const { db } = await openStore()
    expect(await codeOf(db.read(location))).toBe('INVALID_LOCATION')
  })
})

describe('reading when the store does not run', () => {
  test('is NOT_RUNNING before start and after stop', async () => {
    const { db } = await openStore()
    const [one] = await addItems(db, 20)
    const { location } = one as LaidItem
    const unstarted = new Varve(fsBackend('/nowhere'))
    expect(await codeOf(unstarted.read(location))).toBe('NOT_RUNNING')
    await db.stop()
    expect(await codeOf(db.read(location))).toBe('NOT_RUNNING')
  })

  test('gives what is durable once the store has failed, and says FAILED of what was lost', async () => {
    const { db, disk } = await openStore(SMALL)
    const [durable] = (await layBlocks(db, [20])).flat() as [LaidItem]
    const [lost] = (await addItems(db, 30)) as [LaidItem]
    disk.inject({ kind: 'sync', fault: fail('IO') })
    expect(await codeOf(db.flush())).toBe('FAILED')
    expect(db.state).toBe('failed')
    expect(await db.read(durable.location)).toEqual(durable.data)
    const error = await failure(db.read(lost.location))
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBeDefined()
  })
})

describe('a read of the backend that fails', () => {
  test('rejects by name, with file and cause, and the next one goes through', async () => {
    const { db, disk } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    disk.inject({ kind: 'read', fault: fail('IO') })
    const error = await failure(db.read(one.location))
    expect(error).toMatchObject({ code: 'IO', cause: { name: 'BackendError' } })
    expect(error.message).toContain('data00000.dat')
    expect(db.state).toBe('running')
    expect(await db.read(one.location)).toEqual(one.data)
  })

  test('rejects by name where the file can not be opened, and the next one goes through', async () => {
    const { db, disk } = await openStore(SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    await db.stop()
    await db.start()
    for (const kind of ['open', 'size', 'read'] as const) {
      disk.inject({ kind, fault: fail('PERMISSION') })
      const error = await failure(db.read(first.location))
      expect(error.code).toBe('PERMISSION')
      expect(error.message).toContain('data00000.dat')
    }
    expect(disk.openFiles).toEqual(['data00001.dat'])
    expect(await db.read(first.location)).toEqual(first.data)
  })

  test('rejects with IO where the walk that looks for the reason fails', async () => {
    const { db, disk } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    disk.inject({ kind: 'read', nth: 2, fault: fail('IO') })
    expect(await codeOf(db.read({ ...one.location, size: 19 }))).toBe('IO')
  })

  test('is FILE_MISSING where a file between others is gone', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    await memory.remove('data00001.dat')
    const lost = items.find(({ location }) => location.index === 1) as LaidItem
    const error = await failure(db.read(lost.location))
    expect(error.code).toBe('FILE_MISSING')
    expect(error.message).toContain('data00001.dat')
  })

  test.each([
    ['FOREIGN_FILE', 'the file of another store', {}, 1],
    ['FOREIGN_FILE', 'a file under the name of another', {}, 2],
    ['GENESIS_MISMATCH', 'a file with other genesis bytes', { genesisBytes: Uint8Array.of(1, 2, 3, 4) }, 1],
  ] as const)('is %s where %s stands in its place', async (code, _, options, index) => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    const other = index === 2 ? { memory } : await openStore({ ...SMALL, ...options })
    if ('db' in other) await fillUpTo(other.db, 3)
    const bytes = other.memory.volume.readFileSync(`/varve/data0000${index}.dat`)
    memory.volume.writeFileSync('/varve/data00001.dat', bytes)
    const one = items.find(({ location }) => location.index === 1) as LaidItem
    expect(await codeOf(db.read(one.location))).toBe(code)
  })
})

describe('a signal', () => {
  test('that is aborted already rejects with its reason, also for what is in memory', async () => {
    const { db } = await openStore()
    const [one] = (await addItems(db, 20)) as [LaidItem]
    const reason = new Error('enough')
    expect(await rejection(db.read(one.location, { signal: AbortSignal.abort(reason) }))).toBe(reason)
  })

  test('that is aborted while the read waits for its turn rejects with its reason, and gives its turn to the next', async () => {
    const { db, disk } = await openStore({ ...SMALL, concurrency: 1 })
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    const gate = hold()
    disk.inject({ kind: 'read', fault: gate })
    const first = db.read(one.location)
    await gate.reached
    const abort = new AbortController()
    const second = rejection(db.read(one.location, { signal: abort.signal }))
    const third = db.read(one.location)
    abort.abort('no more')
    gate.release()
    expect(await first).toEqual(one.data)
    expect(await second).toBe('no more')
    expect(await third).toEqual(one.data)
  })

  test('that is aborted while the backend reads rejects with its reason', async () => {
    const { db, disk } = await openStore(SMALL)
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    const gate = hold({ when: 'after' })
    disk.inject({ kind: 'read', fault: gate })
    const abort = new AbortController()
    const reading = rejection(db.read(one.location, { signal: abort.signal }))
    await gate.reached
    abort.abort('no more')
    gate.release()
    expect(await reading).toBe('no more')
  })
})

describe('many readers at once', () => {
  test('leave the event loop a turn after every few hundred answers, be they from memory or from a file', async () => {
    const { db } = await openStore()
    const [small] = (await layBlocks(db, [20])).flat() as [LaidItem]
    const [buffered] = await addItems(db, 20)
    const turns = countTurns()
    const reads = 2000
    await Promise.all(
      [small, buffered as LaidItem].flatMap(({ location, data }) =>
        Array.from({ length: 4 }, async () => {
          for (let n = 0; n < reads; n++) expect((await db.read(location))?.length).toBe(data.length)
        }),
      ),
    )
    expect(turns.stop()).toBeGreaterThan((8 * reads) / 400)
  })

  test('have at most `concurrency` reads of the backend under way', async () => {
    const { db, disk } = await openStore({ ...SMALL, concurrency: 3 })
    const items = (
      await layBlocks(
        db,
        Array.from({ length: 10 }, () => 20),
      )
    ).flat()
    const gate = hold()
    disk.inject({ kind: 'read', times: Number.POSITIVE_INFINITY, fault: gate })
    const before = disk.count('read')
    const reads = Promise.all(items.map(({ location }) => db.read(location)))
    await settle()
    expect(disk.count('read') - before).toBe(3)
    gate.release()
    expect(await reads).toEqual(items.map(({ data }) => data))
  })

  test('open a file once between them', async () => {
    const { db, disk } = await openStore(SMALL)
    const items = (await fillUpTo(db, 1)).filter(({ location }) => location.index === 0)
    await db.stop()
    await db.start()
    takeTurns(disk)
    const before = disk.count('open')
    expect(await Promise.all(items.map(({ location }) => db.read(location)))).toEqual(items.map(({ data }) => data))
    expect(disk.count('open') - before).toBe(1)
  })

  test('get right bytes during flushes, rotation, trims and drops', async () => {
    const { db, disk } = await openStore({ ...SMALL, maxBufferItems: 5, concurrency: 4 })
    takeTurns(disk)
    const random = seededNumbers(7)
    const known: (LaidItem & { state: 'there' | 'going' | 'gone' })[] = []
    let isDone = false
    let reads = 0

    const read = async (): Promise<void> => {
      while (!isDone) {
        const one = known[Math.floor(random() * known.length)]
        if (!one) {
          await turn()
          continue
        }
        const before = one.state
        const found = random() < 0.3 ? await attemptSync(() => db.readSync(one.location)) : await db.read(one.location)
        if (found === 'BUSY') continue
        reads++
        if (before === 'gone') expect(found).toBeUndefined()
        else if (one.state === 'there') expect(found).toEqual(one.data)
        else if (found) expect(found).toEqual(one.data)
        if (reads % 50 === 0) await turn()
      }
    }
    const remove = async (fits: (location: Location) => boolean, action: () => Promise<unknown>): Promise<void> => {
      const going = known.filter(({ location, state }) => state === 'there' && fits(location))
      for (const one of going) one.state = 'going'
      await action()
      for (const one of going) one.state = 'gone'
    }
    const write = async (): Promise<void> => {
      for (let round = 0; round < 60; round++) {
        for (const { location, data } of await addItems(db, ...Array.from({ length: 6 }, () => 10 + Math.floor(random() * 60)))) {
          known.push({ location, data, state: 'there' })
        }
        const there = known.filter(({ state }) => state === 'there')
        const { location } = there[Math.floor(random() * there.length)] as LaidItem
        const { index, position } = location
        if (round % 5 === 1) await db.flush()
        if (round % 5 === 2)
          await remove(
            (at) => at.index === index && at.position < position,
            () => db.ltrim(index, position),
          )
        if (round % 5 === 3)
          await remove(
            (at) => at.index === index && at.position >= position,
            () => db.rtrim(index, position),
          )
        if (round % 20 === 19)
          await remove(
            (at) => at.index === index,
            () => db.dropIndex(index),
          )
      }
      isDone = true
    }
    await Promise.all([write(), ...Array.from({ length: 8 }, read)])
    expect(reads).toBeGreaterThan(500)
    expect(known.filter(({ state }) => state === 'gone').length).toBeGreaterThan(30)
    for (const { location, data, state } of known) expect(await db.read(location)).toEqual(state === 'there' ? data : undefined)
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })
})

/** What a readSync comes to, where a file that is being replaced this very moment may answer BUSY. */
async function attemptSync(read: () => Uint8Array | undefined): Promise<Uint8Array | undefined | 'BUSY'> {
  const outcome = await outcomeOf(read)
  if (outcome === undefined || outcome === 'BUSY' || outcome instanceof Uint8Array) return outcome
  throw new Error(`readSync: ${String(outcome)}`)
}

describe('every location there could be', () => {
  test('gives an item, nothing, or INVALID_LOCATION, and never wrong bytes', async () => {
    const { db } = await openStore({ maxFileSize: 512, overwrite: true })
    const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 6 })
    const removal = fc.record({ kind: fc.constantFrom('ltrim', 'rtrim', 'drop', 'none'), item: fc.nat() })
    const steps = fc.array(fc.record({ sizes, removal }), { minLength: 1, maxLength: 3 })
    const probes = fc.array(fc.record({ index: fc.nat(2), position: fc.nat(520), size: fc.integer({ min: 1, max: 70 }) }), {
      minLength: 100,
      maxLength: 100,
    })
    const there = new Map<string, LaidItem>()
    const gone = new Map<string, LaidItem>()
    await fc.assert(
      fc.asyncProperty(steps, probes, async (program, locations) => {
        for (const { sizes, removal } of program) {
          for (const one of (await layBlocks(db, sizes)).flat()) there.set(keyOf(one.location), one)
          const target = [...there.values()][removal.item % there.size] as LaidItem
          const { index, position } = target.location
          if (removal.kind === 'none') continue
          if (removal.kind === 'drop') await db.dropIndex(index)
          else await db[removal.kind](index, position)
          for (const [key, one] of there) {
            const at = one.location
            if (at.index !== index) continue
            if (removal.kind === 'ltrim' && at.position >= position) continue
            if (removal.kind === 'rtrim' && at.position < position) continue
            there.delete(key)
            gone.set(key, one)
          }
        }
        for (const { location, data } of there.values()) expect(await db.read(location)).toEqual(data)
        for (const { location } of gone.values()) expect(await db.read(location)).toBeUndefined()
        const { lastIndex } = await db.stats()
        for (const { index, position, size } of locations) {
          const location = { index: lastIndex - index < 0 ? index : lastIndex - index, position, size }
          const outcome = await outcomeOf(() => db.read(location))
          expect(await outcomeOf(() => db.readSync(location))).toEqual(outcome)
          const model = there.get(keyOf(location))
          if (model) expect(outcome).toEqual(model.data)
          else if (isInside(location, there.values())) expect(outcome).toBe('INVALID_LOCATION')
          else expect([undefined, 'INVALID_LOCATION']).toContain(outcome)
        }
        if (gone.size > 200) {
          await db.stop()
          await db.start()
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the same for every position and size in a file', async () => {
    const { db } = await openStore({ maxFileSize: 512 })
    const items = (await layBlocks(db, [1, 30, 2], [40], [3, 9])).flat()
    const model = new Map(items.map((one) => [keyOf(one.location), one.data]))
    const end = (await db.stats()).bytes - 64
    let found = 0
    for (let position = 0; position < end + 60; position++) {
      for (let size = 1; size <= 45; size++) {
        const location = { index: 0, position, size }
        const outcome = await outcomeOf(() => db.readSync(location))
        const expected = model.get(keyOf(location)) ?? (position < end ? 'INVALID_LOCATION' : undefined)
        if (outcome instanceof Uint8Array) found++
        if (outcome !== expected) expect(outcome, keyOf(location)).toEqual(expected)
      }
    }
    expect(found).toBe(items.length)
  })
})

function keyOf({ index, position, size }: Location): string {
  return `${index}:${position}:${size}`
}

/** Whether a position lies in the record of an item that is there, but is not its beginning. */
function isInside({ index, position }: Location, items: Iterable<LaidItem>): boolean {
  for (const { location } of items) {
    if (location.index !== index) continue
    if (position > location.position && position < location.position + 8 + location.size) return true
  }
  return false
}
