import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { everyCrash, everyFault, fail, type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import { type FileBackend, Varve } from '@varve/core'
import { fsBackend } from '@varve/fs-backend'
import { memoryBackend } from '@varve/memory-backend'
import { describe, expect, test } from 'vitest'
import { fillUpTo, type LaidItem, layBlocks } from './support/layout.js'
import { codeOf, failOnUnhandledRejections, failure } from './support/rejections.js'
import { collect } from './support/scanning.js'
import { copyFiles } from './support/stored-bytes.js'
import { newStore, openStore, recordEvents } from './support/test-store.js'

failOnUnhandledRejections()

const SMALL = { maxFileSize: 1024, overwrite: true } as const

function newStoreOn(backend: FileBackend): Varve {
  return new Varve(backend, SMALL)
}

/** What somebody finds who opens the store, whether or not there is one left. */
async function itemsLeft(backend: FileBackend): Promise<LaidItem[]> {
  const db = newStoreOn(backend)
  await db.start()
  const items = await collect(db.scan())
  await db.stop()
  return items.map(({ location, data }) => ({ location, data }))
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('destroying a store', () => {
  test('takes away its files, what recovery kept beside them, rewrites that were interrupted, and the container', async () => {
    const { db, memory, disk } = await openStore(SMALL)
    await fillUpTo(db, 2)
    await db.stop()
    memory.volume.writeFileSync('/varve/.tmp.data00001.dat', 'half')
    memory.volume.writeFileSync('/varve/.cut.data00002.dat.44', 'cut')
    const events = recordEvents(db)
    await db.destroy()
    expect(events.map(({ name }) => name)).toEqual(['destroyDb'])
    expect(memory.volume.existsSync('/varve')).toBe(false)
    expect(disk.openFiles).toEqual([])
    expect(disk.locks).toBe(0)
    expect(db.state).toBe('stopped')
  })

  test('leaves what is not its own, and the container then too', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 2)
    await db.stop()
    memory.volume.writeFileSync('/varve/notes.txt', 'mine')
    await db.destroy()
    expect(await memory.list()).toEqual(['notes.txt'])
  })

  test('that is interrupted by a power cut at any step leaves a store that opens with its last items, or none, and can be destroyed', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    await db.stop()
    const report = await everyCrash({
      backend: powerLossBackend({ files: await copyFiles(memory) }),
      promised: { isDestroyed: false },
      run: async (backend, promised) => {
        await newStoreOn(backend).destroy()
        promised.isDestroyed = true
      },
      check: async (backend, { isDestroyed }) => {
        const left = await itemsLeft(backend)
        if (isDestroyed) expect(left).toEqual([])
        expect(left).toEqual(items.slice(items.length - left.length))
        await newStoreOn(backend).destroy()
        expect(await backend.list()).toEqual([])
      },
      depth: 2,
    })
    expect(report.states).toBeGreaterThan(5)
  })

  test('that is interrupted by an error of any call names it, and leaves a store that opens with its last items, or none, and can be destroyed', async () => {
    const { db, memory } = await openStore(SMALL)
    const items = await fillUpTo(db, 2)
    await db.stop()
    const files = await copyFiles(memory)
    for (const persistent of [false, true]) {
      const report = await everyFault<{ backend: PowerLossBackend }>({
        persistent,
        make: () => ({ backend: powerLossBackend({ files }) }),
        run: async (backend) => {
          const error = await failureOf(newStoreOn(backend).destroy())
          if (error) expect(error).toHaveProperty('name', 'VarveError')
        },
        check: async ({ backend }) => {
          expect(backend.openFiles).toBe(0)
          const left = await itemsLeft(backend)
          expect(left).toEqual(items.slice(items.length - left.length))
          await newStoreOn(backend).destroy()
          expect(await backend.list()).toEqual([])
        },
      })
      expect(report.faults).toBeGreaterThan(10)
    }
  })

  test('works on a real disk', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'varve-destroy-'))
    try {
      const place = join(directory, 'blocks')
      const db = await Varve.open(fsBackend(place), SMALL)
      await fillUpTo(db, 2)
      await db.stop()
      await db.destroy()
      expect(existsSync(place)).toBe(false)
      await db.start()
      await layBlocks(db, [20])
      await db.stop()
      await writeFile(join(place, 'mine'), '')
      await db.destroy()
      expect(existsSync(place)).toBe(true)
    } finally {
      await rm(directory, { recursive: true })
    }
  })

  test('may be done before it was ever started, and a new store may begin in its place', async () => {
    const { db, memory } = await openStore(SMALL)
    await fillUpTo(db, 1)
    await db.stop()
    const other = new Varve(memory, SMALL)
    expect(other.state).toBe('idle')
    await other.destroy()
    await other.start()
    expect(await collect(other.scan())).toEqual([])
    const [[first]] = (await layBlocks(other, [20])) as [[LaidItem]]
    expect(first.location).toEqual({ index: 0, position: 44, size: 20 })
    await other.stop()
  })

  test('where there is none does nothing, and makes nothing', async () => {
    const memory = memoryBackend()
    await new Varve(memory, SMALL).destroy()
    expect(memory.volume.existsSync('/varve')).toBe(false)
  })

  test('is RUNNING while it runs, and OVERWRITE_DISABLED without permission', async () => {
    const { db, memory } = await openStore({ maxFileSize: 1024 })
    await layBlocks(db, [20])
    db.enableOverwrite()
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await db.stop()
    db.disableOverwrite()
    const before = await copyFiles(memory)
    expect(await codeOf(db.destroy())).toBe('OVERWRITE_DISABLED')
    expect(await copyFiles(memory)).toEqual(before)
  })

  test('is RUNNING once it has failed, until it is stopped', async () => {
    const { db, disk, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    disk.inject({ kind: 'sync', fault: fail('IO') })
    await codeOf(db.add(new Uint8Array(5), { durable: true }))
    expect(db.state).toBe('failed')
    expect(await codeOf(db.destroy())).toBe('RUNNING')
    await db.stop()
    await db.destroy()
    expect(memory.volume.existsSync('/varve')).toBe(false)
  })

  test('is LOCKED while another writer has it, and changes nothing', async () => {
    const { db, memory } = await openStore(SMALL)
    await layBlocks(db, [20])
    const before = await copyFiles(memory)
    expect(await codeOf(new Varve(memory, SMALL).destroy())).toBe('LOCKED')
    expect(await copyFiles(memory)).toEqual(before)
  })

  test.each(['list', 'lock', 'remove', 'release', 'destroy'] as const)(
    'that fails at %s is an error by name; a second try finishes it',
    async (kind) => {
      const { db, memory, disk } = newStore(SMALL)
      await db.start()
      const items = await fillUpTo(db, 3)
      await db.stop()
      disk.inject({ kind, fault: fail('IO'), ...(kind === 'remove' && { nth: 3 }) })
      const error = await failure(db.destroy())
      expect(error).toMatchObject({ code: 'IO', cause: { name: 'BackendError' } })
      expect(disk.openFiles).toEqual([])
      if (kind === 'list' || kind === 'remove') {
        // What is left is a store still, of the files that are left.
        await db.start()
        const left = (await collect(db.scan())).map(({ location }) => location)
        expect(left).toEqual(items.filter(({ location }) => kind !== 'remove' || location.index >= 2).map(({ location }) => location))
        await db.stop()
      }
      if (kind === 'release') await disk.end()
      await new Varve(memory, SMALL).destroy()
      expect(memory.volume.existsSync('/varve')).toBe(false)
    },
  )
})
