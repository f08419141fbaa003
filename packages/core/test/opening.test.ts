import { fail, hold } from '@varve/backend/faults'
import { Varve, type VarveOptions } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { addItems, fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect, sequencesOf } from './support/scanning.js'
import { BLOCK_HEADER, copyFiles, diskOf, FILE_HEADER, fileOf, flipBit, joined, type StoredFiles } from './support/stored-bytes.js'
import { inject, newStore, openStore, recordEvents, type TestStore } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

/** The files of a store that was stopped, with items in the files 0 to 3. */
async function stopped(options: VarveOptions = {}): Promise<{ files: StoredFiles; items: LaidItem[]; store: TestStore }> {
  const store = await openStore({ ...SMALL, ...options })
  const items = await fillUpTo(store.db, 3)
  await store.db.stop()
  return { files: await copyFiles(store.memory), items, store }
}

/** The error of an attempt to open these files, which changes nothing and keeps nothing open. */
async function refusal(files: StoredFiles, options: VarveOptions = {}): Promise<{ code: string; message: string }> {
  const memory = await diskOf(files)
  const store = newStore({ ...SMALL, ...options }, memory)
  const error = await failure(store.db.start())
  expect(store.db.state).toBe('stopped')
  expect(store.disk.openFiles).toEqual([])
  expect(store.disk.locks).toBe(0)
  expect(await copyFiles(memory)).toEqual(files)
  return error
}

describe('a new store', () => {
  test('begins with one file that has a header and nothing else', async () => {
    const { db, memory } = await openStore(SMALL)
    const files = await copyFiles(memory)
    expect([...files.keys()]).toEqual(['data00000.dat'])
    expect(fileOf(files, 'data00000.dat').length).toBe(FILE_HEADER)
    expect(await db.stats()).toMatchObject({ files: 1, firstIndex: 0, lastIndex: 0, nextSequence: 0, bytes: FILE_HEADER })
  })

  test('is named as its options say', async () => {
    const { db, memory } = await openStore({ ...SMALL, filePrefix: 'Blocks', filePadding: 3 })
    await fillUpTo(db, 1)
    expect(await memory.list()).toEqual(['Blocks000.dat', 'Blocks001.dat'])
  })

  test('bears the mark of its application', async () => {
    const { memory } = await openStore({ ...SMALL, genesisBytes: Uint8Array.of(1, 2, 3, 4) })
    const header = fileOf(await copyFiles(memory), 'data00000.dat')
    expect(Buffer.compare(header.subarray(12, 16), Uint8Array.of(1, 2, 3, 4))).toBe(0)
  })

  test('is like no other: each has an id of its own', async () => {
    const ids = new Set<string>()
    for (let n = 0; n < 5; n++) {
      const { memory } = await openStore(SMALL)
      ids.add(Buffer.from(fileOf(await copyFiles(memory), 'data00000.dat').subarray(16, 32)).toString('hex'))
    }
    expect(ids.size).toBe(5)
  })

  test('is not made with create: false, and no container either', async () => {
    const memory = memoryBackend()
    const { db, disk } = newStore({ create: false }, memory)
    expect(await codeOf(db.start())).toBe('NOT_FOUND')
    expect(memory.volume.toJSON()).toEqual({})
    expect(disk.count('lock')).toBe(0)
  })

  test('is not made with create: false in a container that holds other things', async () => {
    const memory = await diskOf(new Map([['notes.txt', Uint8Array.of(1)]]))
    expect(await codeOf(newStore({ create: false }, memory).db.start())).toBe('NOT_FOUND')
    expect(await memory.list()).toEqual(['notes.txt'])
  })

  test('is not made with create: false where a crash left an empty first file', async () => {
    const memory = await diskOf(new Map([['data00000.dat', new Uint8Array(0)]]))
    const { db, disk } = newStore({ create: false }, memory)
    expect(await codeOf(db.start())).toBe('NOT_FOUND')
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
  })

  test('is opened with create: false once it is there', async () => {
    const { files, items } = await stopped()
    const { db } = await openStore({ ...SMALL, create: false }, await diskOf(files))
    expect((await collect(db.scan())).length).toBe(items.length)
  })

  test('that can not be made is an error by name, and leaves nothing that hinders the next try', async () => {
    for (const kind of ['lock', 'list', 'create', 'append', 'sync'] as const) {
      const { db, disk } = newStore(SMALL)
      disk.inject({ kind, fault: fail('NO_SPACE') })
      const error = await failure(db.start())
      expect(error).toMatchObject({ code: kind === 'sync' ? 'FAILED' : 'NO_SPACE' })
      expect(db.state).toBe('stopped')
      expect(disk.openFiles).toEqual([])
      expect(disk.locks).toBe(0)
      await db.start()
      await addItems(db, 20)
      await db.stop()
    }
  })
})

describe('opening with another prefix or padding', () => {
  test.each([
    ['prefix', { filePrefix: 'other' }, {}],
    ['padding', { filePadding: 4 }, {}],
    ['more padding', { filePadding: 6 }, {}],
    ['both', {}, { filePrefix: 'x', filePadding: 1 }],
  ])('is INVALID_OPTION, never a second store: %s', async (_, opened, made) => {
    const { files } = await stopped(made)
    const error = await refusal(files, opened)
    expect(error.code).toBe('INVALID_OPTION')
    expect(error.message).toContain([...files.keys()][0])
    expect((await failure(newStore({ ...opened, readOnly: true }, await diskOf(files)).db.start())).code).toBe('INVALID_OPTION')
  })

  test('is no matter where the files there are somebody else’s that only look so', async () => {
    const strange = new Map([
      ['video0001.dat', Uint8Array.of(1, 2, 3)],
      ['x1.dat', new Uint8Array(100)],
      ['empty00000.dat', new Uint8Array(0)],
    ])
    const memory = await diskOf(strange)
    memory.volume.mkdirSync('/varve/folder1.dat')
    const { db } = await openStore(SMALL, memory)
    await layBlocks(db, [20])
    await db.stop()
    expect([...(await memory.list())].sort()).toEqual(['data00000.dat', 'empty00000.dat', 'folder1.dat', 'video0001.dat', 'x1.dat'])
    expect(memory.volume.readFileSync('/varve/video0001.dat')).toEqual(Buffer.from([1, 2, 3]))
  })

  test('is the error of the medium where it can not be found out', async () => {
    const { files } = await stopped({ filePrefix: 'other' })
    const { db, disk } = newStore(SMALL, await diskOf(files))
    disk.inject({ kind: 'open', fault: fail('TOO_MANY_OPEN') })
    expect(await codeOf(db.start())).toBe('TOO_MANY_OPEN')
  })
})

describe('a store with something wrong about its files', () => {
  test('is FILE_MISSING where one between others is gone', async () => {
    const { files } = await stopped()
    files.delete('data00001.dat')
    const error = await refusal(files)
    expect(error.code).toBe('FILE_MISSING')
    expect(error.message).toContain('data00001.dat')
  })

  test('opens where only the first ones are gone, as after drops', async () => {
    const { files, items } = await stopped()
    files.delete('data00000.dat')
    files.delete('data00001.dat')
    const { db } = await openStore(SMALL, await diskOf(files))
    const left = items.filter(({ location }) => location.index > 1)
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(left.map(({ location }) => location))
  })

  test('is FOREIGN_FILE where the last one belongs to another store, or stands under another’s name', async () => {
    const { files } = await stopped()
    const { files: others } = await stopped()
    const replaced = new Map(files).set('data00003.dat', fileOf(others, 'data00003.dat'))
    expect((await refusal(replaced)).code).toBe('FOREIGN_FILE')
    const copied = new Map(files).set('data00003.dat', fileOf(files, 'data00002.dat'))
    expect((await refusal(copied)).code).toBe('FOREIGN_FILE')
  })

  test('is FOREIGN_FILE before anything is cut, where the last one is of another store and torn', async () => {
    const { files } = await stopped()
    const { files: others } = await stopped()
    const torn = fileOf(others, 'data00003.dat').subarray(0, -50)
    expect((await refusal(new Map(files).set('data00003.dat', torn))).code).toBe('FOREIGN_FILE')
  })

  test('is FOREIGN_FILE where the first one is of another store, after a crash', async () => {
    const { files } = await stopped()
    const { files: others } = await stopped()
    const crashed = new Map(files)
      .set('data00000.dat', fileOf(others, 'data00000.dat'))
      .set('data00003.dat', fileOf(files, 'data00003.dat').subarray(0, -BLOCK_HEADER))
    const memory = await diskOf(crashed)
    const { db, disk } = newStore(SMALL, memory)
    expect(await codeOf(db.start())).toBe('FOREIGN_FILE')
    expect(disk.locks).toBe(0)
    expect(disk.openFiles).toEqual([])
  })

  test('is GENESIS_MISMATCH where it was made with other genesis bytes', async () => {
    const { files } = await stopped({ genesisBytes: Uint8Array.of(1, 2, 3, 4) })
    const error = await refusal(files)
    expect(error.code).toBe('GENESIS_MISMATCH')
    expect(error.message).toContain('01020304')
    const { db } = await openStore({ ...SMALL, genesisBytes: Uint8Array.of(1, 2, 3, 4) }, await diskOf(files))
    expect((await collect(db.scan())).length).toBeGreaterThan(0)
  })

  test('is UNSUPPORTED_VERSION where a newer version wrote it', async () => {
    const { files } = await stopped()
    const bytes = Uint8Array.from(fileOf(files, 'data00003.dat'))
    bytes[8] = 2
    // A newer version keeps its checksum where this one can't know: the one that is there must not fit by chance.
    bytes[60] = (bytes[60] as number) ^ 1
    expect((await refusal(new Map(files).set('data00003.dat', bytes))).code).toBe('UNSUPPORTED_VERSION')
  })

  test('is CORRUPT where the header of the last file is damaged', async () => {
    const { files } = await stopped()
    const memory = await diskOf(files)
    flipBit(memory, 'data00003.dat', 33)
    const error = await refusal(await copyFiles(memory))
    expect(error.code).toBe('CORRUPT')
    expect(error.message).toContain('data00003.dat')
  })

  test('is LOCKED while another writer has it, and says who', async () => {
    const { memory } = await openStore(SMALL)
    const { db, disk } = newStore(SMALL, memory)
    const error = await failure(db.start())
    expect(error.code).toBe('LOCKED')
    expect(error.message).toContain('in-process lock')
    expect(disk.count('append') + disk.count('create') + disk.count('remove')).toBe(0)
  })

  test.each(['list', 'open', 'read', 'size'] as const)(
    'is the error of the medium by name where %s fails, and the lock is free again',
    async (kind) => {
      const { files, items } = await stopped()
      const { db, disk } = newStore(SMALL, await diskOf(files))
      disk.inject({ kind, fault: fail('IO') })
      const error = await failure(db.start())
      expect(error).toMatchObject({ code: 'IO', cause: { name: 'BackendError' } })
      expect(disk.locks).toBe(0)
      expect(disk.openFiles).toEqual([])
      await db.start()
      expect((await collect(db.scan())).length).toBe(items.length)
    },
  )
})

describe('what a crash may leave in a container', () => {
  const empties: [string, (header: Uint8Array) => Uint8Array][] = [
    ['an empty file', () => new Uint8Array(0)],
    ['a file with a part of its header', (header) => header.subarray(0, 40)],
    ['a file of zeros', () => new Uint8Array(64)],
    ['a file of zeros taken ahead', () => new Uint8Array(500)],
    ['a file of many zeros taken ahead', () => new Uint8Array(200_000)],
    ['a file with a torn header and zeros', (header) => joined(header.subarray(0, 30), new Uint8Array(200))],
    ['a file with garbage for a header', () => new Uint8Array(64).fill(0x5a)],
  ]

  test.each(empties)('never blocks opening: %s, as the next file', async (_, content) => {
    const { files, items } = await stopped()
    const left = new Map(files).set('data00004.dat', content(fileOf(files, 'data00003.dat').subarray(0, 64)))
    const { db, memory } = newStore(SMALL, await diskOf(left))
    const events = recordEvents(db)
    await db.start()
    expect(events[0]).toMatchObject({
      name: 'recover',
      cut: [{ index: 4, position: 0, bytes: (left.get('data00004.dat') as Uint8Array).length, removed: true }],
    })
    expect([...(await memory.list())].sort()).toEqual([...files.keys()].sort())
    expect((await collect(db.scan())).length).toBe(items.length)
    const more = await fillUpTo(db, 4)
    expect((await collect(db.scan())).length).toBe(items.length + more.length)
  })

  test.each(empties)('never blocks opening: %s, as the only file', async (_, content) => {
    const { files } = await stopped()
    const { db } = newStore(SMALL, await diskOf(new Map([['data00000.dat', content(fileOf(files, 'data00000.dat').subarray(0, 64))]])))
    await db.start()
    expect(await collect(db.scan())).toEqual([])
    const [one] = (await layBlocks(db, [20])).flat() as [LaidItem]
    expect(one.location).toEqual({ index: 0, position: 44, size: 20 })
    await db.stop()
    await db.start()
    expect(await db.read(one.location)).toEqual(one.data)
  })

  test('is a stale rewrite, which goes at the next writable start and not before it is sure that the store opens', async () => {
    const { files, items } = await stopped()
    files.set('.tmp.data00001.dat', Uint8Array.of(1, 2, 3))
    const reader = await openStore({ ...SMALL, readOnly: true }, await diskOf(files))
    expect(await reader.memory.list()).toContain('.tmp.data00001.dat')
    const { db, memory } = await openStore(SMALL, await diskOf(files))
    expect((await memory.list()).filter((name) => name.startsWith('.'))).toEqual([])
    expect((await collect(db.scan())).length).toBe(items.length)
    const broken = new Map(files)
    broken.delete('data00001.dat')
    expect((await refusal(broken)).code).toBe('FILE_MISSING')
  })

  test('is somebody else’s file with a similar name, which stays', async () => {
    const { files } = await stopped()
    for (const name of ['.tmp.other', '.tmp.data1.dat', '.cut.data00001.dat', '.cut.data00001.dat.x', 'data00001.dat.bak', 'data.dat'])
      files.set(name, Uint8Array.of(7))
    const { memory } = await openStore(SMALL, await diskOf(files))
    expect((await memory.list()).length).toBe(files.size)
  })

  test('is a stub that came to stand first, which goes', async () => {
    const store = await openStore(SMALL)
    const items = await fillUpTo(store.db, 4)
    await store.db.dropIndex(1)
    await store.db.dropIndex(2)
    const files = await copyFiles(store.memory)
    files.delete('data00000.dat')
    const { db, memory } = await openStore(SMALL, await diskOf(files))
    expect([...(await memory.list())].sort()).toEqual(['data00003.dat', 'data00004.dat'])
    expect(await db.stats()).toMatchObject({ firstIndex: 3, files: 2 })
    const left = items.filter(({ location }) => location.index > 2)
    expect((await collect(db.scan())).map(({ location }) => location)).toEqual(left.map(({ location }) => location))
  })

  test('is a stub that came to stand first though nothing was added since: it goes with the next drop', async () => {
    const store = await openStore(SMALL)
    await fillUpTo(store.db, 4)
    await store.db.dropIndex(1)
    await store.db.stop()
    const files = await copyFiles(store.memory)
    files.delete('data00000.dat')
    const { db, memory } = await openStore(SMALL, await diskOf(files))
    const before = sequencesOf(await collect(db.scan()))
    await db.dropIndex(3)
    expect(await memory.list()).not.toContain('data00001.dat')
    expect(sequencesOf(await collect(db.scan())).length).toBeLessThan(before.length)
    await db.dropIndex(2)
    expect([...(await memory.list())].sort()).toEqual(['data00004.dat'])
  })
})

describe('a store that is opened again and again', () => {
  test('changes no byte where nothing is added', async () => {
    const { files } = await stopped()
    const memory = await diskOf(files)
    for (let n = 0; n < 3; n++) {
      const { db } = await openStore(SMALL, memory)
      await db.stop()
      expect(await copyFiles(memory)).toEqual(files)
    }
  })

  test('writes its closing block again, with the same bytes, before anything follows it', async () => {
    const { files } = await stopped()
    const { db, disk } = await openStore(SMALL, await diskOf(files))
    await layBlocks(db, [20])
    const calls = disk.calls.filter(({ kind }) => kind === 'sync' || kind === 'append')
    const size = fileOf(files, 'data00003.dat').length
    expect(calls.map(({ kind, position }) => [kind, position])).toEqual([
      ['sync', size - BLOCK_HEADER],
      ['append', size],
      ['sync', undefined],
    ])
    const second = disk.calls.length
    await layBlocks(db, [20])
    expect(
      disk.calls
        .slice(second)
        .filter(({ kind }) => kind === 'sync')
        .map(({ position }) => position),
    ).toEqual([undefined])
  })

  test('goes on with the sequence, the places and never an earlier time, though the clock went back', async () => {
    const store = await openStore(SMALL)
    const { db, clock } = store
    const start = clock.now()
    const places: string[] = []
    for (let round = 0; round < 12; round++) {
      clock.jumpTo(start - 1000 * round)
      const added = await addItems(db, 90, 100)
      await db.flush()
      places.push(...added.map(({ location }) => `${location.index}:${location.position}`))
      await db.stop()
      await db.start()
    }
    const all = await collect(db.scan())
    expect(sequencesOf(all)).toEqual(all.map((_, n) => n))
    expect(new Set(places).size).toBe(places.length)
    expect(all.every(({ timestamp }) => timestamp === start)).toBe(true)
    expect((all.at(-1) as { location: { index: number } }).location.index).toBeGreaterThan(2)
  })

  test('does so also where the last file has no block yet, after a crash', async () => {
    const { db, disk, clock, memory, options } = await openStore({ maxFileSize: 512, maxBufferSize: 400 })
    const start = clock.now()
    await layBlocks(db, [300])
    const gate = inject(disk, hold(), { kind: 'append', name: 'data00001.dat', nth: 2 })
    await addItems(db, 300)
    void db.flush()
    await gate.reached
    await disk.end()
    expect(fileOf(await copyFiles(memory), 'data00001.dat').length).toBe(FILE_HEADER)
    const crashed = newStore(options, memory)
    crashed.clock.jumpTo(start - 99_999)
    await crashed.db.start()
    await layBlocks(crashed.db, [20])
    expect((await collect(crashed.db.scan())).map(({ timestamp }) => timestamp)).toEqual([start, start])
  })
})

test('what is no backend is a TypeError at once', () => {
  for (const nothing of [undefined, null, {}, '/path']) expect(() => new Varve(nothing as never)).toThrow(TypeError)
})
