import { fail, shorten } from '@varve/backend/faults'
import type { Location } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { item } from './support/items.js'
import { failOnUnhandledRejections, failure } from './support/rejections.js'
import {
  contentsAfterCrash,
  contentsAfterStop,
  contentsOf,
  fileLengths,
  inject,
  openStore,
  recordEvents,
  type TestStore,
} from './support/test-store.js'

failOnUnhandledRejections()

const asStored = (locations: readonly Location[], data: readonly Uint8Array[]) =>
  locations.map((location, n) => ({ location, data: data[n] }))

describe('a rotation that can not go on', () => {
  const steps: readonly [string, Parameters<TestStore['disk']['inject']>[0]][] = [
    ['no space for the closing block', { kind: 'append', name: 'data00000.dat', fault: fail('NO_SPACE') }],
    ['half a closing block', { kind: 'append', name: 'data00000.dat', fault: shorten(20) }],
    ['no space for another name', { kind: 'create', fault: fail('NO_SPACE') }],
    ['no right to make a file', { kind: 'create', fault: fail('PERMISSION') }],
    ['no handle left', { kind: 'create', fault: fail('TOO_MANY_OPEN') }],
    ['no space found once the name was there', { kind: 'create', fault: fail('NO_SPACE', { when: 'after' }) }],
    ['no space for the header', { kind: 'append', name: 'data00001.dat', fault: fail('NO_SPACE') }],
    ['half a header', { kind: 'append', name: 'data00001.dat', fault: shorten(30) }],
    ['a header that reached the disk and was said not to', { kind: 'append', name: 'data00001.dat', fault: fail('IO', { when: 'after' }) }],
    ['no space for the first block', { kind: 'append', name: 'data00001.dat', nth: 2, fault: fail('NO_SPACE') }],
    [
      'a header, then a handle that does not close',
      [
        { kind: 'append', name: 'data00001.dat', fault: shorten(30) },
        { kind: 'close', name: 'data00001.dat', fault: fail('IO', { when: 'after' }) },
      ],
    ],
  ]
  test.each(steps)('is taken up again where it stood: %s', async (_, plan) => {
    const store = await openStore({ maxFileSize: 512 })
    const kept = await store.db.add(item(200, 1), { durable: true })
    const events = recordEvents(store.db)
    store.disk.inject(plan)
    const error = await failure(store.db.add(item(200, 2), { durable: true }))
    expect(error.pending).toBe(true)
    expect(error.locations).toEqual([{ index: 1, position: 44, size: 200 }])
    expect(events.filter(({ name }) => name === 'failure')).toMatchObject([{ fatal: false }])
    expect(store.db.state).toBe('running')
    expect(await store.db.readMany([kept, ...error.locations])).toEqual([item(200, 1), item(200, 2)])
    await store.db.flush()
    const after = await store.db.add(item(200, 3))
    await store.db.stop()
    for (const length of (await fileLengths(store.memory)).values()) expect(length).toBeLessThanOrEqual(512)
    expect(await contentsAfterStop(store)).toEqual(
      asStored(
        [kept, ...error.locations, after],
        [1, 2, 3].map((n) => item(200, n)),
      ),
    )
  })

  const leftovers: readonly [string, Parameters<TestStore['disk']['inject']>[0]][] = [
    ['that can not be opened', { kind: 'open', fault: fail('TOO_MANY_OPEN') }],
    ['whose length can not be told', { kind: 'size', fault: fail('IO') }],
    ['that can not be removed', { kind: 'remove', fault: fail('PERMISSION') }],
    ['that is removed, and then there is no space for another', { kind: 'create', nth: 2, fault: fail('NO_SPACE') }],
  ]
  test.each(leftovers)('leaves an unused file, %s: it is tried again until it works', async (_, plan) => {
    const store = await openStore({ maxFileSize: 512 })
    const first = await store.db.add(item(200, 1), { durable: true })
    inject(store.disk, fail('NO_SPACE'), { kind: 'append', name: 'data00001.dat' })
    const error = await failure(store.db.add(item(200, 2), { durable: true }))
    expect((await fileLengths(store.memory)).get('data00001.dat')).toBe(0)
    store.disk.inject(plan)
    expect((await failure(store.db.flush())).pending).toBe(true)
    expect(store.db.state).toBe('running')
    await store.db.flush()
    expect(await contentsAfterCrash(store)).toEqual(asStored([first, ...error.locations], [item(200, 1), item(200, 2)]))
  })

  test('and is left by a crash: the next start finds all that was durable, and goes on', async () => {
    for (const [, plan] of steps) {
      const store = await openStore({ maxFileSize: 512 })
      const kept = await store.db.add(item(200, 1), { durable: true })
      store.disk.inject(plan)
      await failure(store.db.add(item(200, 2), { durable: true }))
      await store.disk.end()
      const next = await openStore(store.options, store.memory)
      const added = await next.db.add(item(200, 3), { durable: true })
      expect(await contentsAfterCrash(next)).toEqual(asStored([kept, added], [item(200, 1), item(200, 3)]))
    }
  })

  test('lets adds go on in memory, and a transaction across it be whole', async () => {
    const store = await openStore({ maxFileSize: 512, maxBufferSize: 404 })
    const undo = store.disk.inject({ kind: 'create', times: Number.POSITIVE_INFINITY, fault: fail('NO_SPACE') })
    const first = await store.db.add(item(200, 1))
    const transaction = store.db.transaction()
    for (let n = 2; n <= 5; n++) transaction.add(item(150, n))
    const error = await failure(transaction.commit())
    expect(error.locations).toHaveLength(4)
    const last = await store.db.add(item(10, 6))
    expect(await contentsOf(store.db, { buffered: true })).toEqual(asStored([first, last], [item(200, 1), item(10, 6)]))
    undo()
    await store.db.flush()
    const data = [item(200, 1), ...[2, 3, 4, 5].map((n) => item(150, n)), item(10, 6)]
    expect(await contentsAfterCrash(store)).toEqual(asStored([first, ...error.locations, last], data))
  })
})
