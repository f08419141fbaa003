import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, hold } from '@varve/backend/faults'
import { type FileBackend, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { settle } from './support/event-loop.js'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { outcomeOf } from './support/outcome.js'
import { readingCases } from './support/reading-cases.js'
import { codeThrownBy, failOnUnhandledRejections } from './support/rejections.js'
import { openStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

/** A backend whose files can only be read asynchronously. */
function asynchronousOnly(inner: FileBackend): FileBackend {
  const { description } = inner
  return {
    description,
    list: () => inner.list(),
    open: (name) => inner.open(name),
    create: (name) => inner.create(name),
    replace: (from, to) => inner.replace(from, to),
    remove: (name) => inner.remove(name),
    lock: () => inner.lock(),
    destroy: () => inner.destroy(),
  }
}

describe('what readSync comes to is what read comes to', () => {
  test.each(readingCases)('$name', async ({ make }) => {
    const { db, location, expected } = await make()
    expect(await outcomeOf(() => db.readSync(location))).toEqual(expected)
  })

  test('from a real disk too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-read-sync-'))
    try {
      await using db = await Varve.open(fsBackend(directory), SMALL)
      const items = await fillUpTo(db, 3)
      await db.stop()
      await db.start()
      for (const { location, data } of items) expect(db.readSync(location)).toEqual(data)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test.each([
    ['no location at all', undefined],
    ['an object without a size', { index: 0, position: 44 }],
  ])('a TypeError for %s', async (_, location) => {
    const { db } = await openStore()
    expect(() => db.readSync(location as never)).toThrow(TypeError)
  })

  test('NOT_RUNNING where the store does not run', async () => {
    const { db } = await openStore()
    await db.stop()
    expect(codeThrownBy(() => db.readSync({ index: 0, position: 44, size: 1 }))).toBe('NOT_RUNNING')
  })
})

describe('a backend that reads only asynchronously', () => {
  test('is UNSUPPORTED for what is in a file, and no hindrance for what is in memory or nowhere', async () => {
    const db = await Varve.open(asynchronousOnly(memoryBackend()), SMALL)
    const data = Uint8Array.of(1, 2, 3)
    const location = await db.add(data)
    expect(db.readSync(location)).toEqual(data)
    expect(db.readSync({ ...location, index: 9 })).toBeUndefined()
    await db.flush()
    expect(codeThrownBy(() => db.readSync(location))).toBe('UNSUPPORTED')
    await db.stop()
  })

  test('is UNSUPPORTED where it can open a file at once, but not read it', async () => {
    const inner = memoryBackend()
    const half: FileBackend = { ...asynchronousOnly(inner), openSync: (name) => withoutSync(inner.openSync(name)) }
    const db = await Varve.open(half, SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    await db.stop()
    await db.start()
    expect(codeThrownBy(() => db.readSync(first.location))).toBe('UNSUPPORTED')
    await db.stop()
  })
})

function withoutSync(file: ReturnType<NonNullable<FileBackend['openSync']>>): typeof file {
  return {
    size: () => file.size(),
    read: (target, position) => file.read(target, position),
    append: (chunks, position) => file.append(chunks, position),
    truncate: (size) => file.truncate(size),
    sync: (from) => file.sync(from),
    close: () => file.close(),
  }
}

describe('a file that is not open yet', () => {
  test('is opened at once, and stays open for the next one', async () => {
    const { db, disk } = await openStore(SMALL)
    const [first, second] = (await fillUpTo(db, 1)) as [LaidItem, LaidItem]
    await db.stop()
    await db.start()
    const before = disk.count('openSync')
    expect(db.readSync(first.location)).toEqual(first.data)
    expect(db.readSync(second.location)).toEqual(second.data)
    expect(await db.read(second.location)).toEqual(second.data)
    expect(disk.count('openSync') - before).toBe(1)
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test('is left with no handle where a read opens it in the same moment', async () => {
    const { db, disk } = await openStore(SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    await db.stop()
    await db.start()
    const gate = hold({ when: 'after' })
    disk.inject({ kind: 'open', fault: gate })
    const reading = db.read(first.location)
    await gate.reached
    expect(db.readSync(first.location)).toEqual(first.data)
    gate.release()
    expect(await reading).toEqual(first.data)
    expect(disk.openFiles).toEqual(['data00001.dat', 'data00000.dat'])
    await db.stop()
    expect(disk.openFiles).toEqual([])
  })

  test.each(['openSync', 'readSync', 'sizeSync'] as const)('fails by name where %s fails, and keeps no handle', async (kind) => {
    const { db, disk } = await openStore(SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    await db.stop()
    await db.start()
    disk.inject({ kind, fault: fail('PERMISSION') })
    expect(codeThrownBy(() => db.readSync(first.location))).toBe('PERMISSION')
    await settle()
    expect(disk.openFiles).toEqual(['data00001.dat'])
    expect(db.readSync(first.location)).toEqual(first.data)
  })
})

describe('a file that is being replaced', () => {
  test('is BUSY, since a call that returns at once can not wait, and is read as soon as it stands', async () => {
    const { db, disk } = await openStore(SMALL)
    const [[one, two]] = (await layBlocks(db, [20, 30])) as [[LaidItem, LaidItem]]
    const gate = hold()
    disk.inject({ kind: 'replace', fault: gate })
    const trim = db.ltrim(0, two.location.position)
    await gate.reached
    expect(codeThrownBy(() => db.readSync(two.location))).toBe('BUSY')
    const waiting = db.read(two.location)
    gate.release()
    await trim
    expect(await waiting).toEqual(two.data)
    expect(db.readSync(two.location)).toEqual(two.data)
    expect(db.readSync(one.location)).toBeUndefined()
  })

  test('is BUSY while it is removed, and then holds nothing', async () => {
    const { db, disk } = await openStore(SMALL)
    const [first] = (await fillUpTo(db, 1)) as [LaidItem]
    const gate = hold()
    disk.inject({ kind: 'remove', fault: gate })
    const drop = db.dropIndex(0)
    await gate.reached
    expect(['BUSY', undefined]).toContain(await outcomeOf(() => db.readSync(first.location)))
    gate.release()
    await drop
    expect(db.readSync(first.location)).toBeUndefined()
  })
})

describe('a read of the backend that fails', () => {
  test('is thrown by name, and the next one goes through', async () => {
    const { db, disk } = await openStore(SMALL)
    const [[one]] = (await layBlocks(db, [20])) as [[LaidItem]]
    disk.inject({ kind: 'readSync', fault: fail('IO') })
    expect(codeThrownBy(() => db.readSync(one.location))).toBe('IO')
    expect(db.readSync(one.location)).toEqual(one.data)
  })

  test('is thrown by name where the walk that looks for the reason fails', async () => {
    const { db, disk } = await openStore(SMALL)
    const [[one]] = (await layBlocks(db, [20])) as [[LaidItem]]
    disk.inject({ kind: 'readSync', nth: 2, fault: fail('IO') })
    expect(codeThrownBy(() => db.readSync({ ...one.location, size: 19 }))).toBe('IO')
  })

  test('is FILE_MISSING where a file between others is gone', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 3)
    await db.stop()
    await db.start()
    await memory.remove('data00001.dat')
    const lost = items.find(({ location }) => location.index === 1) as LaidItem
    expect(codeThrownBy(() => db.readSync(lost.location))).toBe('FILE_MISSING')
  })
})
