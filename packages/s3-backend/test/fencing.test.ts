import { Varve, VarveError } from '@varve/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inspectable } from './support/inspectable.js'
import { type ObjectServer, startObjectServer } from './support/object-server.js'
import { bytes, contentOf, errorOf, filesOf, garbageOf } from './support/stored-files.js'

let server: ObjectServer
beforeEach(async () => {
  server = await startObjectServer()
})
afterEach(() => server.close())

const open = (options = {}) => inspectable({ prefix: 'store', endpoint: server.endpoint, ...options })

/** A writer with a file of 10 bytes, and the one that took over from it. */
async function overtaken() {
  const old = open()
  const lock = await old.lock()
  const file = await old.create('a')
  await file.append([bytes(10, 1)], 0)
  const next = open({ takeover: true, partsPerMerge: 2 })
  await next.lock()
  return { old, lock, file, next }
}

describe('a writer that was overtaken', () => {
  test('is refused by its next append, at the very end that it knows, and its lock is lost', async () => {
    const { file, lock, next } = await overtaken()
    expect(lock.lost?.aborted).toBe(false)
    expect(await errorOf(file.append([bytes(5, 2)], 10))).toMatchObject({ code: 'CONFLICT' })
    expect(lock.lost?.aborted).toBe(true)
    expect(lock.lost?.reason).toMatchObject({ code: 'CONFLICT' })
    expect(await filesOf(next)).toEqual({ a: Buffer.from(bytes(10, 1)).toString('hex') })
  })

  test.each([
    ['create', ({ old }) => old.create('b')],
    ['replace', ({ old }) => old.replace('a', 'b')],
    ['remove', ({ old }) => old.remove('a')],
    ['truncate', ({ file }) => file.truncate(3)],
  ] satisfies [string, (writers: Awaited<ReturnType<typeof overtaken>>) => Promise<unknown>][])('is refused: %s', async (_, change) => {
    const writers = await overtaken()
    expect(await errorOf(change(writers))).toMatchObject({ code: 'CONFLICT' })
    expect(writers.lock.lost?.aborted).toBe(true)
    expect(Object.keys(await filesOf(writers.next))).toEqual(['a'])
  })

  test('is refused though it slept while its file was merged, cut, removed and tidied up', async () => {
    const { file, lock, next } = await overtaken()
    const again = await next.open('a')
    for (let n = 1; n < 6; n++) await again.append([bytes(10, n)], n * 10)
    await again.truncate(0)
    await again.close()
    await next.remove('a')
    await (await next.create('b')).close()
    await next.container.maintenance.whenIdle()
    expect(await garbageOf(next)).toEqual([])
    expect(await errorOf(file.append([bytes(5, 2)], 10))).toMatchObject({ code: 'CONFLICT' })
    expect(lock.lost?.aborted).toBe(true)
  })

  test('is refused though the number of its next manifest is free again', async () => {
    const { old, next } = await overtaken()
    for (let n = 0; n < 5; n++) await (await next.create(`b${n}`)).close()
    await next.container.maintenance.whenIdle()
    const { sequence } = old.container.chain.current
    await expect.poll(() => server.objects.has(old.container.keys.manifest(sequence + 1))).toBe(false)
    expect(await errorOf(old.create('c'))).toMatchObject({ code: 'CONFLICT' })
    expect(Object.keys(await filesOf(open()))).toEqual(['a', 'b0', 'b1', 'b2', 'b3', 'b4'])
  })

  test('is refused though the whole store was destroyed', async () => {
    const { old, file, next } = await overtaken()
    await next.remove('a')
    await next.container.takeLock().catch(() => undefined)
    await next.container.lock?.release()
    await next.destroy()
    expect(await next.list()).toEqual([])
    expect(await errorOf(file.append([bytes(5, 2)], 10))).toMatchObject({ code: 'CONFLICT' })
    expect(await errorOf(old.create('c'))).toMatchObject({ code: 'CONFLICT' })
    expect(await open().list()).toEqual([])
  })

  test('has a store that fails with FENCED, and what was durable is in the next one', async () => {
    const first = await Varve.open(open())
    const location = await first.add(bytes(100, 1), { durable: true })
    const second = await Varve.open(open({ takeover: true }))
    const error = await errorOf(first.add(bytes(100, 2), { durable: true }))
    expect(VarveError.is(error) && error.code).toBe('FENCED')
    expect(first.state).toBe('failed')
    expect(await errorOf(first.add(bytes(100, 3)))).toMatchObject({ code: 'FENCED' })
    expect(await second.read(location)).toEqual(bytes(100, 1))
    await second.add(bytes(100, 4), { durable: true })
    await Promise.all([first.stop(), second.stop()])
  })
})

describe('the lock', () => {
  test('of a writer that never released it stays, for whoever does not take over', async () => {
    const lock = await open({ writer: 'the first' }).lock()
    const error = await errorOf(open().lock())
    expect(error).toMatchObject({ code: 'LOCKED' })
    expect(error.message).toContain('the first')
    expect(error.message).toContain(lock.description)
  })

  test('is taken over from the writer that was found, not from one that took over meanwhile', async () => {
    await open().lock()
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => open({ takeover: true }).lock()))
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    expect(refused).toEqual(Array.from({ length: 7 }, () => 'LOCKED'))
  })

  test('is refused on a store that puts objects over others', async () => {
    server.isConditional = false
    const error = await errorOf(open().lock())
    expect(error).toMatchObject({ code: 'UNSUPPORTED' })
    expect(error.message).toContain('If-None-Match')
  })
})

describe('a writer that takes the lock', () => {
  test('can read from a file that it has never seen while its parts are still being listed', async () => {
    const before = open()
    const file = await before.create('a')
    for (let n = 0; n < 12; n++) await file.append([bytes(10, n)], n * 10)
    const next = open({ takeover: true, cacheBytes: 0 })
    await next.lock()
    const again = await next.open('a')
    const readAt = async (n: number): Promise<Uint8Array> => {
      const target = new Uint8Array(10)
      expect(await again.read(target, n * 10)).toBe(10)
      return target
    }
    const found: Promise<Uint8Array>[] = []
    server.fault = (request) => {
      if (request.startsWith('LIST') && request.includes('/data/') && found.length < 12) found.push(readAt(found.length))
      return undefined
    }
    found.push(readAt(0))
    await found[0]
    expect(found.length).toBeGreaterThan(1)
    // Each may list again, and so begin another one.
    for (let known = 0; known < found.length; ) {
      known = found.length
      await Promise.all(found)
    }
    expect(await Promise.all(found)).toEqual(found.map((_, n) => bytes(10, n)))
  })
})

describe('a reader beside the writer', () => {
  test('finds every byte while parts are merged, cut and deleted', async () => {
    const writer = open({ partsPerMerge: 5 })
    await writer.lock()
    const file = await writer.create('a')
    const reader = await open().open('a')
    let expected = Buffer.alloc(0)
    for (let n = 0; n < 40; n++) {
      await file.append([bytes(10, n)], n * 10)
      expected = Buffer.concat([expected, bytes(10, n)])
      expect(Buffer.from(await contentOf(reader)).equals(expected)).toBe(true)
    }
    await writer.container.maintenance.whenIdle()
    expect(writer.container.chain.current.files.get('a')?.runs.length).toBeLessThan(4)
    expect(Buffer.from(await contentOf(await open().open('a'))).equals(expected)).toBe(true)
    expect(await garbageOf(writer)).toEqual([])
  })
})
