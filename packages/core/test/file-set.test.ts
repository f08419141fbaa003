import { fail, hold } from '@varve/backend/faults'
import { Varve, type VarveOptions } from '@varve/core'
import { describe, expect, test } from 'vitest'
import { settle, stateOf } from './support/event-loop.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { outcomeOf } from './support/outcome.js'
import { openReader } from './support/reader-store.js'
import { codeOf, codeThrownBy, failOnUnhandledRejections } from './support/rejections.js'
import { collect, take } from './support/scanning.js'
import { inject, openStore, type TestStore } from './support/test-store.js'
import { takeTurns } from './support/turns.js'

failOnUnhandledRejections()

const TINY = { maxFileSize: 512, overwrite: true } as const
const LIMIT = 64

/** A store with so many files, each of which has one item, opened anew. */
async function manyFiles(files: number, options: VarveOptions = {}): Promise<TestStore & { items: LaidItem[] }> {
  const first = await openStore({ ...TINY, ...options })
  const items = await fillUpTo(first.db, files - 1, 300)
  await first.db.stop()
  const store = await openStore(first.options, first.memory)
  return { ...store, items }
}

describe('open files', () => {
  test('are at most 64, however many files are read, those used last among them', async () => {
    const { db, disk, items } = await manyFiles(150)
    for (const { location, data } of items) {
      expect(await db.read(location)).toEqual(data)
      await settle(1)
      expect(disk.openFiles.length).toBeLessThanOrEqual(LIMIT)
    }
    expect((await db.stats()).openFiles).toBeLessThanOrEqual(LIMIT)
    const before = disk.count('open')
    for (const { location, data } of items.slice(-40)) expect(await db.read(location)).toEqual(data)
    expect(disk.count('open')).toBe(before)
    expect(disk.openFiles).toContain('data00149.dat')
  })

  test('are at most 64 for readSync and for scans too', async () => {
    const { db, disk, items } = await manyFiles(150)
    for (const { location, data } of items) expect(db.readSync(location)).toEqual(data)
    await settle()
    expect(disk.openFiles.length).toBeLessThanOrEqual(LIMIT)
    await collect(db.scan())
    await collect(db.scan({ reverse: true }))
    await settle()
    expect(disk.openFiles.length).toBeLessThanOrEqual(LIMIT)
  })

  test('are more only while more are in use at the same time', async () => {
    const { db, disk, items } = await manyFiles(150, { concurrency: 1000 })
    const gate = hold()
    inject(disk, gate, { kind: 'read', where: ({ size }) => size === 308, times: Number.POSITIVE_INFINITY })
    const reading = db.readMany(items.map(({ location }) => location))
    await settle()
    expect(disk.openFiles.length).toBe(150)
    gate.release()
    expect(await reading).toEqual(items.map(({ data }) => data))
    await settle()
    expect(disk.openFiles.length).toBeLessThanOrEqual(LIMIT)
    expect(disk.openFiles).toContain('data00149.dat')
  })

  test('never lose the one that is written to, though others are used more', async () => {
    const { db, disk, items } = await manyFiles(100)
    for (const { location } of items.slice(0, 99)) await db.read(location)
    const before = disk.count('open')
    await layBlocks(db, [20])
    expect(disk.count('open')).toBe(before)
    expect(disk.openFiles.filter((name) => name === 'data00099.dat').length).toBe(1)
  })

  test('are all closed when the store stops, also those that a scan or a stream left', async () => {
    const { db, disk, items } = await manyFiles(100)
    await take(db.scan(), 70)
    await take(db.scan({ reverse: true }), 70)
    await db.readStream((items[50] as LaidItem).location)
    await db.stop()
    expect(disk.openFiles).toEqual([])
    expect(disk.locks).toBe(0)
  })

  test('are all closed when the store stops, also one that is being opened then', async () => {
    const { db, disk, items } = await manyFiles(3)
    const gate = inject(disk, hold({ when: 'after' }), { kind: 'open' })
    const reading = outcomeOf(() => db.read((items[0] as LaidItem).location))
    await gate.reached
    const stopping = db.stop()
    expect(await stateOf(stopping)).toBe('pending')
    gate.release()
    await stopping
    expect(disk.openFiles).toEqual([])
    expect(await reading).toBe('NOT_RUNNING')
  })

  test('are all closed when the store stops, once those who read are done', async () => {
    const { db, disk, items } = await manyFiles(3)
    const one = items[0] as LaidItem
    const gate = inject(disk, hold(), { kind: 'read', where: ({ size }) => size === 308 })
    const reading = db.read(one.location)
    await gate.reached
    const stopping = db.stop()
    expect(await stateOf(stopping)).toBe('pending')
    gate.release()
    expect(await reading).toEqual(one.data)
    await stopping
    expect(disk.openFiles).toEqual([])
  })

  test('are all closed after a start that failed', async () => {
    const { db, disk, memory, options } = await manyFiles(3)
    await db.stop()
    for (const kind of ['open', 'read', 'size'] as const) {
      const next = await openStore(options, memory)
      await next.db.stop()
      next.disk.inject({ kind, fault: fail('IO') })
      expect(await codeOf(next.db.start())).toBe('IO')
      expect(next.disk.openFiles).toEqual([])
    }
    expect(disk.openFiles).toEqual([])
  })

  test('that can not be closed do no harm', async () => {
    const { db, disk, items } = await manyFiles(100)
    disk.inject({ kind: 'close', times: Number.POSITIVE_INFINITY, fault: fail('IO', { when: 'after' }) })
    for (const { location, data } of items) expect(await db.read(location)).toEqual(data)
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })
})

describe('a file that is being opened', () => {
  test('is opened once for all who want it meanwhile', async () => {
    const { db, disk, items } = await manyFiles(3)
    const { location, data } = items[0] as LaidItem
    const before = disk.count('open')
    const gate = inject(disk, hold(), { kind: 'open' })
    const first = db.read(location)
    await gate.reached
    const second = db.read(location)
    await settle()
    gate.release()
    expect(await Promise.all([first, second])).toEqual([data, data])
    expect(disk.count('open') - before).toBe(1)
  })

  test('is opened anew for those who came when that had failed already', async () => {
    const { db, disk, items } = await manyFiles(3)
    const { location, data } = items[0] as LaidItem
    disk.inject({ kind: 'size', fault: fail('IO') })
    // It has failed, and closes its handle before it says so.
    const before = disk.count('open')
    const gate = inject(disk, hold(), { kind: 'close' })
    const first = codeOf(db.read(location))
    await gate.reached
    const later = [db.read(location), db.read(location)]
    await settle()
    gate.release()
    expect(await first).toBe('IO')
    expect(await Promise.all(later)).toEqual([data, data])
    expect(disk.count('open') - before).toBe(2)
  })

  test('and that nobody can open fails for all, at the second try at the latest', async () => {
    const { db, disk, items } = await manyFiles(3)
    const { location } = items[0] as LaidItem
    disk.inject({ kind: 'size', times: Number.POSITIVE_INFINITY, fault: fail('IO') })
    const before = disk.count('open')
    const gate = inject(disk, hold(), { kind: 'close' })
    const reads = [codeOf(db.read(location))]
    await gate.reached
    for (let n = 0; n < 10; n++) reads.push(codeOf(db.read(location)))
    await settle()
    gate.release()
    expect(new Set(await Promise.all(reads))).toEqual(new Set(['IO']))
    expect(disk.count('open') - before).toBe(2)
  })

  test('is looked for anew by those who came when it had been missed already', async () => {
    const { db, memory } = await openStore(TINY)
    const { reader, disk } = await openReader(memory)
    const gate = inject(disk, hold(), { kind: 'open', name: 'data00001.dat' })
    const first = reader.read({ index: 1, position: 44, size: 300 })
    await gate.reached
    const { location, data } = (await fillUpTo(db, 1, 300)).at(-1) as LaidItem
    const second = reader.read(location)
    await settle()
    gate.fail('NOT_FOUND')
    expect(await first).toBeUndefined()
    expect(location.index).toBe(1)
    expect(await second).toEqual(data)
    await reader.stop()
  })
})

describe('where no handle is left', () => {
  test('those that nobody uses are closed, and the file is opened then', async () => {
    const { db, disk, items } = await manyFiles(10)
    for (const { location } of items.slice(0, 8)) await db.read(location)
    const before = disk.openFiles.length
    disk.inject({ kind: 'open', fault: fail('TOO_MANY_OPEN') })
    const { location, data } = items[8] as LaidItem
    expect(await db.read(location)).toEqual(data)
    expect(before).toBe(9)
    expect(disk.openFiles).toEqual(['data00009.dat', 'data00008.dat'])
    for (const one of items) expect(await db.read(one.location)).toEqual(one.data)
  })

  test('and none can be closed, a read is TOO_MANY_OPEN by name, and leaks nothing', async () => {
    const { db, disk, items } = await manyFiles(5)
    disk.inject({ kind: ['open', 'openSync'], times: 6, fault: fail('TOO_MANY_OPEN') })
    const { location } = items[0] as LaidItem
    expect(await codeOf(db.read(location))).toBe('TOO_MANY_OPEN')
    expect(codeThrownBy(() => db.readSync(location))).toBe('TOO_MANY_OPEN')
    expect(await codeOf(db.readMany([location, (items[1] as LaidItem).location]))).toBe('TOO_MANY_OPEN')
    expect(await codeOf(collect(db.scan()))).toBe('TOO_MANY_OPEN')
    expect(disk.openFiles).toEqual(['data00004.dat'])
  })
})

describe('a file that is replaced', () => {
  test('is closed before, and opened anew by the next reader', async () => {
    const { db, disk } = await openStore({ maxFileSize: 1024, overwrite: true })
    const items = await fillUpTo(db, 1)
    for (const { location } of items) await db.read(location)
    const before = disk.calls.length
    await db.ltrim(0, (items[2] as LaidItem).location.position)
    const calls = disk.calls.slice(before).filter(({ name }) => name === 'data00000.dat')
    const closed = calls.findIndex(({ kind }) => kind === 'close')
    expect(closed).toBeGreaterThan(-1)
    const replaced = disk.calls.slice(before).find(({ kind }) => kind === 'replace')
    expect(calls[closed]?.number).toBeLessThan(replaced?.number as number)
    expect(await db.read((items[2] as LaidItem).location)).toEqual((items[2] as LaidItem).data)
    expect(disk.openFiles.filter((name) => name === 'data00000.dat').length).toBe(1)
  })

  test('while somebody opens it is waited for', async () => {
    const { db, disk, items } = await manyFiles(3)
    const gate = inject(disk, hold({ when: 'after' }), { kind: 'open', name: 'data00000.dat' })
    const reading = db.read((items[0] as LaidItem).location)
    await gate.reached
    const drop = db.dropIndex(0)
    await settle()
    expect(disk.count('remove')).toBe(0)
    gate.release()
    expect([(items[0] as LaidItem).data, undefined]).toContainEqual(await reading)
    await drop
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })
})

test('many who read at once while files come and go leave no handle behind', async () => {
  const { db, disk, items } = await manyFiles(90, { concurrency: 50 })
  takeTurns(disk)
  await Promise.all([
    ...items.map(({ location }) => db.read(location)),
    ...items.map(({ location }) => db.read(location)),
    (async () => {
      for (const index of [0, 1, 2, 50, 51, 88]) await db.dropIndex(index)
    })(),
    ...items.slice(20, 40).map(async ({ location }) => db.readSync(location)),
  ])
  await settle()
  expect(disk.openFiles.length).toBeLessThanOrEqual(LIMIT)
  expect(new Set(disk.openFiles).size).toBe(disk.openFiles.length)
  await db.stop()
  expect(disk.openFiles).toEqual([])
})

test('a store that is not started has no file open', async () => {
  const { memory } = await openStore(TINY)
  expect(await codeOf(new Varve(memory).read({ index: 0, position: 44, size: 1 }))).toBe('NOT_RUNNING')
})
