import { fail, hold, shorten } from '@varve/backend/faults'
import { KiB, VarveError } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { digest, item } from './support/items.js'
import { failOnUnhandledRejections, failure, rejection } from './support/rejections.js'
import { contentsAfterCrash, contentsAfterStop, fileLengths, inject, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

// Anything above 972 bytes is too large for the buffer.
const OPTIONS = { maxBufferSize: KiB, maxFileSize: 16 * KiB, timeout: 500 }

const LARGE = 5000

describe('a caller that changes its buffer while an oversized item is written', () => {
  test.each([
    ['what comes after the first piece', KiB],
    ['its middle', 2500],
    ['its end', LARGE - 1],
  ])('gets a TypeError, and nothing is stored: %s', async (_, at) => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50), { durable: true })
    const events = recordEvents(store.db)
    const length = (await fileLengths(store.memory)).get('data00000.dat')
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const data = item(LARGE)
    const added = rejection(store.db.add(data))
    await gate.reached
    data[at] = ((data[at] as number) + 1) % 256
    gate.release()
    const error = await added
    expect(error).toBeInstanceOf(TypeError)
    expect((error as Error).message).toContain('leave it alone until add resolves')
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(length)
    expect(store.db.state).toBe('running')
    expect((await store.db.stats()).buffered.bytes).toBe(0)
    expect(events).toEqual([])
    // The store goes on, at the very place.
    const location = await store.db.add(data)
    expect(location).toEqual({ index: 0, position: before.position + 58 + 44, size: LARGE })
    expect((await contentsAfterCrash(store)).map((found) => digest(found.data))).toEqual([item(50), data].map(digest))
  })

  test('stores what it gave where that was copied before', async () => {
    const store = await openStore(OPTIONS)
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const data = item(LARGE)
    const added = store.db.add(data)
    await gate.reached
    data.fill(0, 0, KiB)
    gate.release()
    const location = await added
    expect((await contentsAfterCrash(store)).map((found) => [found.location, digest(found.data)])).toEqual([
      [location, digest(item(LARGE))],
    ])
  })

  test.each([
    ['before it is its turn', { kind: 'append', nth: 1 } as const],
    ['while its header is written', { kind: 'append', nth: 2 } as const],
    ['while its last part is written', { kind: 'append', nth: 6 } as const],
    ['while it is synced', { kind: 'sync', nth: 2 } as const],
  ])('or has it taken away %s does no harm', async (_, rule) => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50))
    const gate = inject(store.disk, hold(), rule)
    const data = item(LARGE)
    const added = Promise.allSettled([store.db.add(data)])
    const behind = store.db.add(item(60))
    await gate.reached
    structuredClone(data, { transfer: [data.buffer as ArrayBuffer] })
    gate.release()
    const [outcome] = await added
    const location = await behind
    await store.db.stop()
    const found = await contentsAfterStop(store)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(TypeError)
    const stored = outcome.status === 'fulfilled' ? [{ location: outcome.value, data: item(LARGE) }] : []
    expect(found.map(({ data: bytes, ...rest }) => ({ ...rest, data: digest(bytes) }))).toEqual(
      [{ location: before, data: item(50) }, ...stored, { location, data: item(60) }].map(({ data: bytes, ...rest }) => ({
        ...rest,
        data: digest(bytes),
      })),
    )
  })

  test('does not harm what waits behind it', async () => {
    const store = await openStore(OPTIONS)
    const gate = inject(store.disk, hold(), { kind: 'append' })
    const data = item(LARGE)
    const added = rejection(store.db.add(data))
    const behind = store.db.add(item(60), { durable: true })
    await gate.reached
    data.fill(0)
    gate.release()
    expect(await added).toBeInstanceOf(TypeError)
    const location = await behind
    expect(await contentsAfterCrash(store)).toEqual([{ location, data: item(60) }])
  })
})

describe('an oversized item that can not be written', () => {
  test.each([
    ['its header', 1, fail('NO_SPACE')],
    ['a part of it', 3, fail('NO_SPACE')],
    ['half of a part of it', 3, shorten((size) => size >> 1)],
    ['its end, which reached the disk all the same', 6, fail('NO_SPACE', { when: 'after' })],
  ])('is refused with the cause, cut back, and not kept: %s', async (_, nth, fault) => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50), { durable: true })
    const length = (await fileLengths(store.memory)).get('data00000.dat')
    inject(store.disk, fault, { kind: 'append', nth })
    const error = await failure(store.db.add(item(LARGE), { durable: true }))
    expect(error.code).toBe('NO_SPACE')
    expect(error.pending).toBe(false)
    expect(error.locations).toEqual([])
    expect((await fileLengths(store.memory)).get('data00000.dat')).toBe(length)
    expect((await store.db.stats()).nextSequence).toBe(1)
    const location = await store.db.add(item(60), { durable: true })
    expect(await contentsAfterCrash(store)).toEqual([
      { location: before, data: item(50) },
      { location, data: item(60) },
    ])
  })

  test('is FAILED where its sync fails, with its location, as it may be there after the next start', async () => {
    const store = await openStore(OPTIONS)
    inject(store.disk, fail('IO'), { kind: 'sync' })
    const error = await failure(store.db.add(item(LARGE)))
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBeDefined()
    expect(error.locations).toEqual([{ index: 0, position: 44, size: LARGE }])
    expect(store.db.state).toBe('failed')
    const found = await contentsAfterCrash(store)
    expect(found.map(({ location }) => location)).toEqual(error.locations)
  })

  test.each(['truncate', 'sync'] as const)('is FAILED where it can not be cut back: %s', async (kind) => {
    const store = await openStore(OPTIONS)
    const before = await store.db.add(item(50), { durable: true })
    inject(store.disk, fail('NO_SPACE'), { kind: 'append', nth: 3 })
    inject(store.disk, fail('IO'), { kind })
    const error = await failure(store.db.add(item(LARGE)))
    expect(error.code).toBe('FAILED')
    expect(error.cause).toBeDefined()
    expect(store.db.state).toBe('failed')
    expect(await store.db.read(before)).toEqual(item(50))
    expect(await contentsAfterCrash(store)).toEqual([{ location: before, data: item(50) }])
  })

  test('takes those that wait behind it with it where the store fails', async () => {
    const { db, disk } = await openStore(OPTIONS)
    inject(disk, fail('IO'), { kind: 'sync' })
    const transaction = db.transaction()
    transaction.add(item(2))
    const waiting = [db.add(item(LARGE)), db.add(item(1)), db.add(item(LARGE, 2)), transaction.commit()]
    for (const outcome of await Promise.allSettled<unknown>(waiting)) {
      expect(outcome.status).toBe('rejected')
      expect(outcome.status === 'rejected' && VarveError.is(outcome.reason) && outcome.reason.code).toBe('FAILED')
    }
  })
})
