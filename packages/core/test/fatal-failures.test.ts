import { type FaultPlan, fail, hold } from '@varve/backend/faults'
import { type FailureEvent, KiB, type Location, type VarveError } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { item, items } from './support/items.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsOf, inject, openStore, recordEvents, reopenAfterCrash, type TestStore, watchWrites } from './support/test-store.js'

failOnUnhandledRejections()

/** What makes a store fail for good while `item(2)` is made durable: the plan, and the code at the root of the error. */
const plans: readonly [string, FaultPlan, string][] = [
  ['the sync of a flush', { kind: 'sync', fault: fail('IO') }, 'IO'],
  ['the sync of a flush, for want of space', { kind: 'sync', fault: fail('NO_SPACE') }, 'NO_SPACE'],
  ['the sync of a flush, though it took effect', { kind: 'sync', fault: fail('IO', { when: 'after' }) }, 'IO'],
  [
    'the truncate that cuts a failed write back',
    [
      { kind: 'append', fault: fail('NO_SPACE', { when: 'after' }) },
      { kind: 'truncate', fault: fail('IO') },
    ],
    'IO',
  ],
  [
    'the sync that makes such a cut durable',
    [
      { kind: 'append', fault: fail('NO_SPACE') },
      { kind: 'sync', fault: fail('IO') },
    ],
    'IO',
  ],
  ['an append that is not at the end of the file', { kind: 'append', fault: fail('CONFLICT') }, 'CONFLICT'],
]

describe.each(plans)('when %s fails', (_, plan, root) => {
  // What was appended by somebody else is another writer's.
  const code = root === 'CONFLICT' ? 'FENCED' : 'FAILED'

  const failed = async (
    options = {},
  ): Promise<TestStore & { readonly kept: Location; readonly lost: Location; readonly error: VarveError }> => {
    const store = await openStore(options)
    const kept = await store.db.add(item(1), { durable: true })
    const lost = await store.db.add(item(2))
    store.disk.inject(plan)
    const error = await failure(store.db.add(item(3), { durable: true }))
    return { ...store, kept, lost, error }
  }

  test('the store is failed, and every verb that writes says so with the cause', async () => {
    const { db, error, lost } = await failed()
    expect(db.state).toBe('failed')
    expect(error.code).toBe(code)
    expect(error.pending).toBe(false)
    expect(error.locations).toEqual([{ index: 0, position: lost.position + 10, size: 3 }])
    const causes = (thrown: unknown): unknown[] => (thrown instanceof Error ? [thrown, ...causes(thrown.cause)] : [])
    const rejections = [error]
    for (const call of [() => db.add(item(1)), () => db.addMany([item(1)]), () => db.flush(), () => db.whenDurable(lost)]) {
      rejections.push(await failure(call()))
    }
    for (const one of rejections) {
      expect(one.code).toBe(code)
      expect(causes(one).at(-1)).toMatchObject({ name: 'BackendError', code: root })
    }
    expect(codeThrownBy(() => db.transaction())).toBe(code)
  })

  test('it is told once, by an event that is fatal', async () => {
    const store = await openStore()
    await store.db.add(item(1), { durable: true })
    const failures: FailureEvent[] = []
    store.db.on('failure', (event) => failures.push(event))
    store.disk.inject(plan)
    await Promise.all([1, 2, 3].map((n) => failure(store.db.add(item(n), { durable: true }))))
    expect(await codeOf(store.db.add(item(4), { durable: true }))).toBe(code)
    await settle()
    expect(failures).toMatchObject([{ fatal: true, error: { code } }])
  })

  test('what is durable is served, and what is not is refused with the same code', async () => {
    const { db, kept, lost } = await failed()
    expect(await db.read(kept)).toEqual(item(1))
    expect(db.readSync(kept)).toEqual(item(1))
    expect(await db.readMany([kept, kept])).toEqual([item(1), item(1)])
    expect(await contentsOf(db)).toEqual([{ location: kept, data: item(1) }])
    await db.whenDurable(kept)
    const error = await failure(db.read(lost))
    expect(error.code).toBe(code)
    expect(error.cause).toBeDefined()
    expect(codeThrownBy(() => db.readSync(lost))).toBe(code)
    expect(await codeOf(db.readMany([kept, lost]))).toBe(code)
    expect(await codeOf(db.readStream(lost))).toBe(code)
  })

  test('nothing more is written, and no timer is left', async () => {
    const { db, disk, clock } = await failed()
    const writes = watchWrites(disk)
    await rejection(db.flush())
    await rejection(db.add(item(1), { durable: true }))
    clock.advance(1e6)
    await settle()
    expect(writes()).toEqual([])
    expect(clock.timers).toEqual([])
  })

  test('start recovers: what was durable is there, what was not is there whole or not at all', async () => {
    const { db, kept, lost, error, disk } = await failed()
    await db.start()
    expect(db.state).toBe('running')
    const found = await contentsOf(db)
    expect(found[0]).toEqual({ location: kept, data: item(1) })
    expect([1, 3]).toContain(found.length)
    if (found.length === 3) expect(found.slice(1).map(({ location }) => location)).toEqual([lost, ...error.locations])
    const next = await db.add(item(4), { durable: true })
    expect((await contentsOf(db)).at(-1)).toEqual({ location: next, data: item(4) })
    await db.stop()
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
  })

  test('so does another process', async () => {
    const store = await failed()
    const { db } = await reopenAfterCrash(store)
    expect((await contentsOf(db))[0]).toEqual({ location: store.kept, data: item(1) })
    await db.add(item(4), { durable: true })
    await db.stop()
  })

  test('stop gives back all it holds, and does not say that anything was stored', async () => {
    const { db, disk } = await failed()
    const events = recordEvents(db)
    await db.stop()
    expect(db.state).toBe('stopped')
    expect(events).toEqual([])
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
    expect(await codeOf(db.read({ index: 0, position: 44, size: 1 }))).toBe('NOT_RUNNING')
  })
})

describe('whoever waits when a store fails is told', () => {
  test('adds that wait for room, durable ones, flushes, commits, trims, followers and a stop', async () => {
    const { db, disk } = await openStore({ maxBufferSize: 256, maxFileSize: 4 * KiB, overwrite: true })
    await db.add(item(1), { durable: true })
    const follower = db.scan({ follow: true })[Symbol.asyncIterator]()
    expect((await follower.next()).value.data).toEqual(item(1))
    const followed = codeOf(follower.next())
    const gate = inject(disk, hold(), { kind: 'sync' })
    const durable = codeOf(db.add(item(90, 1), { durable: true }))
    await gate.reached
    const transaction = db.transaction()
    transaction.add(item(1))
    const waiting = [
      durable,
      codeOf(db.flush()),
      codeOf(transaction.commit()),
      codeOf(db.whenDurable(await db.add(item(90, 2)))),
      codeOf(db.addMany(items(5, 90))),
      codeOf(db.add(item(90, 3))),
      codeOf(db.add(item(90, 4), { durable: true })),
      codeOf(db.add(item(2000))),
      codeOf(db.ltrim(0, 53)),
      codeOf(db.dropIndex(0)),
      followed,
    ]
    await settle()
    const stopped = codeOf(db.stop())
    gate.fail('IO')
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'FAILED'))
    expect(await stopped).toBe('FAILED')
    expect(db.state).toBe('stopped')
    await db.start()
    expect((await contentsOf(db))[0]?.data).toEqual(item(1))
  })
})

describe('a rotation fails for good', () => {
  const steps: readonly [string, FaultPlan][] = [
    ['where the sync before the closing block fails', { kind: 'sync', name: 'data00000.dat', fault: fail('IO') }],
    ['where the sync of the closing block fails', { kind: 'sync', name: 'data00000.dat', nth: 2, fault: fail('IO') }],
    [
      'where the closing block can not be cut back',
      [
        { kind: 'append', name: 'data00000.dat', nth: 2, fault: fail('NO_SPACE') },
        { kind: 'truncate', fault: fail('IO') },
      ],
    ],
    ['where it is not known whether the name is durable', { kind: 'create', fault: fail('IO') }],
    ['where it is not known, and the name is there', { kind: 'create', fault: fail('IO', { when: 'after' }) }],
    ['where the sync of the header fails', { kind: 'sync', name: 'data00001.dat', fault: fail('IO') }],
    [
      'where that fails, and the handle does not close',
      [
        { kind: 'sync', name: 'data00001.dat', fault: fail('IO') },
        { kind: 'close', name: 'data00001.dat', fault: fail('IO', { when: 'after' }) },
      ],
    ],
    ['where the sync of the first block fails', { kind: 'sync', name: 'data00001.dat', nth: 2, fault: fail('IO') }],
  ]
  test.each(steps)('%s: start recovers', async (_, plan) => {
    const store = await openStore({ maxFileSize: 512 })
    const { db } = store
    const kept = await db.add(item(100, 1), { durable: true })
    store.disk.inject(plan)
    const maybe = [await db.add(item(100, 2)), await db.add(item(200, 3))]
    expect(maybe.map(({ index }) => index)).toEqual([0, 1])
    const error = await failure(db.flush())
    expect(error.code).toBe('FAILED')
    expect(db.state).toBe('failed')
    expect(await db.read(kept)).toEqual(item(100, 1))
    await db.start()
    const found = await contentsOf(db)
    expect(found.map(({ location }) => location)).toEqual([kept, ...maybe].slice(0, found.length))
    expect(found.length).toBeGreaterThan(0)
    const next = await db.add(item(200, 4), { durable: true })
    expect((await contentsOf(db)).at(-1)).toEqual({ location: next, data: item(200, 4) })
    await db.stop()
    expect(store.disk.openFiles).toEqual([])
  })

  test('where a file appears in its way that is not its own: the file is left as it is', async () => {
    const { db, memory } = await openStore({ maxFileSize: 512 })
    const kept = await db.add(item(200, 1), { durable: true })
    const foreign = await memory.create('data00001.dat')
    await foreign.append([item(100)], 0)
    await foreign.close()
    const error = await failure(db.add(item(200, 2), { durable: true }))
    expect(error.code).toBe('FAILED')
    expect(error.cause).toMatchObject({ code: 'FOREIGN_FILE', message: expect.stringContaining('data00001.dat') })
    expect(memory.volume.readFileSync('/varve/data00001.dat')).toEqual(Buffer.from(item(100)))
    expect(await db.read(kept)).toEqual(item(200, 1))
  })
})

describe('a start on a file that was stopped cleanly', () => {
  test('is refused where the closing block can not be made durable, and is followed by one that serves all there is', async () => {
    const { db, disk } = await openStore()
    const kept = await db.add(item(1))
    await db.stop()
    inject(disk, fail('IO'), { kind: 'sync' })
    expect(await codeOf(db.start())).toBe('IO')
    expect(disk.openFiles).toEqual([])
    await db.start()
    expect((await contentsOf(db)).map(({ location }) => location)).toEqual([kept])
  })

  test('writes its closing block again once, and what comes then is written at once', async () => {
    const { db, disk } = await openStore()
    await db.add(item(1))
    await db.stop()
    const calls = watchWrites(disk)
    await db.start()
    expect(calls()).toEqual(['sync data00000.dat'])
    await db.add(item(2), { durable: true })
    expect(calls()).toEqual(['sync data00000.dat', 'append data00000.dat', 'sync data00000.dat'])
  })
})

test('an error that nobody thought of fails the store by name, and leaves no one waiting', async () => {
  const { db, clock } = await openStore()
  const kept = await db.add(item(1), { durable: true })
  clock.jumpTo(Number.NaN)
  const error = await failure(db.add(item(2), { durable: true }))
  expect(error.code).toBe('FAILED')
  expect(db.state).toBe('failed')
  expect(await db.read(kept)).toEqual(item(1))
})
