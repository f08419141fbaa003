import { beforeAll, describe, expect, test } from 'vitest'
import { opfsBackend, opfsPageBackend, persist, storageStatus } from '../src/index.js'
import { describeInChromium } from './chromium.js'
import { storePages, type Tab } from './store-pages.js'

describe('where there is no browser', () => {
  test('every call says what is missing', async () => {
    await expect(opfsBackend('a').list()).rejects.toMatchObject({ name: 'BackendError', code: 'UNSUPPORTED' })
    await expect(opfsBackend('a').lock()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(opfsPageBackend('a').list()).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('worker') })
    await expect(persist()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(storageStatus()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  test('a path that is none of a directory is refused', () => {
    for (const path of ['', '/', '//', '.', 'a/../b', 7 as unknown as string]) {
      expect(() => opfsBackend(path)).toThrow(TypeError)
      expect(() => opfsPageBackend(path)).toThrow(TypeError)
    }
    expect(() => opfsBackend('a', { keepOpen: -1 })).toThrow(TypeError)
    expect(opfsBackend('/a//b/').description).toBe('opfs /a/b')
  })
})

describeInChromium('opfsBackend in Chromium', () => {
  const pages = storePages()
  let tab: Tab

  beforeAll(async () => {
    tab = await pages.open()
  })

  test('opens and reads at once while it holds the lock, and only then', async () => {
    const result = await tab.inWorker(async ({ opfsBackend, failure }) => {
      const backend = opfsBackend('at-once', { keepOpen: 2 })
      for (const name of ['a', 'b', 'c']) {
        const file = await backend.create(name)
        await file.append([new TextEncoder().encode(name)], 0)
        await file.close()
      }
      const beside = await backend.open('a')
      const before = [typeof backend.openSync, typeof beside.readSync]
      await beside.close()
      const lock = await backend.lock()
      const read = (name: string) => {
        const file = backend.openSync!(name)
        const target = new Uint8Array(file.sizeSync!())
        file.readSync!(target, 0)
        void file.close()
        return new TextDecoder().decode(target)
      }
      const newest = [read('b'), read('c'), read('c')]
      const oldest = await failure(() => read('a'))
      const opened = await backend.open('a')
      const inUse = read('a')
      const absent = await failure(() => read('d'))
      const foreign = await failure(() => read('a/b'))
      await opened.close()
      const kept = [read('a'), read('c')]
      const evicted = await failure(() => read('b'))
      await backend.remove('a')
      const removed = await failure(() => read('a'))
      await lock.release()
      return { before, newest, oldest, inUse, absent, foreign, kept, evicted, removed, after: typeof backend.openSync }
    }, undefined)
    expect(result).toMatchObject({
      before: ['undefined', 'undefined'],
      newest: ['b', 'c', 'c'],
      oldest: { code: 'TOO_MANY_OPEN' },
      inUse: 'a',
      absent: { code: 'NOT_FOUND' },
      foreign: { code: 'UNSUPPORTED' },
      removed: { code: 'NOT_FOUND' },
      after: 'undefined',
    })
    expect(result.kept).toEqual(['a', 'c'])
    expect(result.evicted.code).toBe('TOO_MANY_OPEN')
  })

  test('goes on with an open file under its new name', async () => {
    const text = await tab.inWorker(async ({ opfsBackend }) => {
      const backend = opfsBackend('renamed')
      const lock = await backend.lock()
      const from = await backend.create('from')
      await from.append([Uint8Array.of(97)], 0)
      await backend.replace('from', 'to')
      await from.append([Uint8Array.of(98)], 1)
      await from.sync()
      const target = new Uint8Array(9)
      const count = from.readSync!(target, 0)
      await lock.release()
      await from.close()
      return new TextDecoder().decode(target.subarray(0, count)) + (await backend.list())
    }, undefined)
    expect(text).toBe('abto')
  })

  test('sees the newer of two that a crash in the middle of a replacement left behind, and removes the other', async () => {
    const result = await tab.inWorker(async ({ opfsBackend }) => {
      interface Directory {
        getDirectoryHandle(name: string, options: object): Promise<Directory>
        getFileHandle(
          name: string,
          options: object,
        ): Promise<{ createSyncAccessHandle(): Promise<{ write(bytes: Uint8Array): void; close(): void }> }>
        keys(): AsyncIterable<string>
      }
      const { storage } = (globalThis as unknown as { navigator: { storage: { getDirectory(): Promise<Directory> } } }).navigator
      const directory = await (await storage.getDirectory()).getDirectoryHandle('crashed', { create: true })
      for (const [entry, byte] of [
        ['to~zz', 1],
        ['to~100', 2],
        ['to~zy', 3],
        ['not ours', 4],
      ] as const) {
        const access = await (await directory.getFileHandle(entry, { create: true })).createSyncAccessHandle()
        access.write(Uint8Array.of(byte))
        access.close()
      }
      const backend = opfsBackend('crashed')
      const names = await backend.list()
      const target = new Uint8Array(1)
      await (await backend.open('to')).read(target, 0)
      await (await backend.lock()).release()
      const left: string[] = []
      for await (const entry of directory.keys()) left.push(entry)
      return { names, byte: target[0], left: left.sort() }
    }, undefined)
    expect(result).toEqual({ names: ['to'], byte: 2, left: ['not ours', 'to~100'] })
  })

  test('writes on no page itself, and says who does', async () => {
    const result = await tab.onPage(async ({ opfsBackend, failure }) => {
      const backend = opfsBackend('page')
      return { created: await failure(() => backend.create('a')), names: await backend.list() }
    }, undefined)
    expect(result).toMatchObject({ created: { code: 'UNSUPPORTED', message: expect.stringContaining('opfsPageBackend') }, names: [] })
  })

  test('tells every caller where its worker can not be loaded', async () => {
    const codes = await tab.onPage(async ({ opfsPageBackend, failure }) => {
      const Worker = (globalThis as unknown as { Worker: new (url: string, options: object) => never }).Worker
      const backend = opfsPageBackend('no-worker', { worker: new Worker('/nowhere.js', { type: 'module' }) })
      return Promise.all([failure(() => backend.list()), failure(() => backend.open('a'))])
    }, undefined)
    for (const failed of codes) expect(failed).toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('did not start') })
  })

  test('tells how much room there is, and asks the browser to keep it', async () => {
    const { status, kept } = await tab.onPage(
      async ({ storageStatus, persist }) => ({ kept: await persist(), status: await storageStatus() }),
      undefined,
    )
    expect(status).toEqual({ persisted: kept, usage: expect.any(Number), quota: expect.any(Number) })
    expect(status.quota).toBeGreaterThan(status.usage)
    const inWorker = await tab.inWorker(
      async ({ storageStatus, persist, failure }) => [await storageStatus(), await failure(persist)] as const,
      undefined,
    )
    expect(inWorker).toMatchObject([{ persisted: kept }, { code: 'UNSUPPORTED' }])
  })
})
