import type * as fs from 'node:fs'
import { join } from 'node:path'
import { fsBackend } from '@varve/fs-backend'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { clearFaults, failing, faults, systemError } from './system-faults.js'
import { temporaryDirectory } from './temporary-directory.js'

vi.mock('node:fs', async (importOriginal) => (await import('./system-faults.js')).faultyFs(importOriginal))
const system = await vi.importActual<typeof fs>('node:fs')

afterEach(() => {
  clearFaults()
  vi.unstubAllGlobals()
})

/** What is synced from now on, as paths, in order. Linux only: the kernel knows the path of a descriptor. */
function recordSyncs(): string[] {
  const synced: string[] = []
  faults.fsync = ((fd, callback) => {
    synced.push(system.readlinkSync(`/proc/self/fd/${fd}`))
    system.fsync(fd, callback)
  }) as typeof fs.fsync
  return synced
}

describe.runIf(process.platform === 'linux')('a name', () => {
  test('is durable once a file was created', async () => {
    const path = system.realpathSync(temporaryDirectory())
    const synced = recordSyncs()
    await (await fsBackend(path).create('a')).close()
    expect(synced).toEqual([join(path, 'a'), path])
  })

  test('is durable once a file was replaced or removed', async () => {
    const path = system.realpathSync(temporaryDirectory())
    const backend = fsBackend(path)
    await (await backend.create('a')).close()
    const synced = recordSyncs()
    await backend.replace('a', 'b')
    expect(synced).toEqual([path])
    await backend.remove('b')
    expect(synced).toEqual([path, path])
  })

  test('of the container is durable with those of all directories that were made for it', async () => {
    const directory = system.realpathSync(temporaryDirectory())
    const path = join(directory, 'one', 'two', 'store')
    const synced = recordSyncs()
    await (await fsBackend(path).create('a')).close()
    expect(synced).toEqual([join(directory, 'one', 'two'), join(directory, 'one'), directory, join(path, 'a'), path])
  })

  test('that a crashed writer left is durable once the lock is taken, the container’s own too', async () => {
    const path = system.realpathSync(temporaryDirectory())
    system.writeFileSync(join(path, 'left'), '')
    const synced = recordSyncs()
    await (await fsBackend(path).lock()).release()
    expect(synced).toEqual([join(path, '..'), path])
  })

  test('is gone for good once the container is destroyed', async () => {
    const directory = system.realpathSync(temporaryDirectory())
    const backend = fsBackend(join(directory, 'store'))
    await (await backend.lock()).release()
    const synced = recordSyncs()
    await backend.destroy()
    expect(synced).toEqual([directory])
  })
})

describe('where a directory can not be synced', () => {
  const calls = (path: string) => {
    const backend = fsBackend(path)
    return {
      create: () => backend.create('new').then((file) => file.close()),
      replace: () => backend.replace('a', 'b'),
      remove: () => backend.remove('b'),
      lock: () => backend.lock().then((lock) => lock.release()),
    }
  }

  async function directoryWithFile(): Promise<string> {
    const path = temporaryDirectory()
    system.writeFileSync(join(path, 'a'), '')
    const isDirectory = (fd: number) => system.fstatSync(fd).isDirectory()
    faults.fsync = ((fd, callback) => (isDirectory(fd) ? callback(systemError('EPERM')) : system.fsync(fd, callback))) as typeof fs.fsync
    return path
  }

  test('nothing is called durable', async () => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'linux' } }))
    for (const call of Object.values(calls(await directoryWithFile()))) await expect(call()).rejects.toMatchObject({ code: 'IO' })
  })

  test('the lock is not held either', async () => {
    const path = system.realpathSync(await directoryWithFile())
    faults.fsync = ((fd, callback) =>
      system.readlinkSync(`/proc/self/fd/${fd}`) === path ? callback(systemError('EIO')) : system.fsync(fd, callback)) as typeof fs.fsync
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'IO' })
    clearFaults()
    await (await fsBackend(path).lock()).release()
  })

  test('and the system is Windows, which can’t, and says EPERM, all is as it should be', async () => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }))
    for (const call of Object.values(calls(await directoryWithFile()))) await call()
  })

  test('and the system is Windows, any other error is one', async () => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }))
    const path = await directoryWithFile()
    faults.fsync = failing('EIO')
    for (const call of Object.values(calls(path))) await expect(call()).rejects.toMatchObject({ code: 'IO' })
  })
})

describe('a parent that was there before', () => {
  const parentFails = (path: string, errno: string) => {
    faults.openSync = ((file: string, ...rest: [number]) => {
      if (file === join(path, '..')) throw systemError(errno)
      return system.openSync(file, ...rest)
    }) as typeof fs.openSync
  }

  test('need not be readable', async () => {
    const path = temporaryDirectory()
    parentFails(path, 'EACCES')
    await (await fsBackend(path).lock()).release()
  })

  test('is synced all the same: any other error is one', async () => {
    const path = temporaryDirectory()
    parentFails(path, 'EIO')
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'IO' })
  })
})

describe('on Windows', () => {
  test.each(['EPERM', 'EACCES', 'EBUSY'])('a file that is open is BUSY for whoever changes its name (%s)', async (errno) => {
    vi.stubGlobal('process', Object.create(process, { platform: { value: 'win32' } }))
    const backend = fsBackend(temporaryDirectory())
    Object.assign(faults, { rename: failing(errno), unlink: failing(errno) })
    await expect(backend.replace('a', 'b')).rejects.toMatchObject({ code: 'BUSY' })
    await expect(backend.remove('a')).rejects.toMatchObject({ code: 'BUSY' })
    faults.readdir = failing(errno)
    await expect(backend.list()).rejects.toMatchObject({ code: errno === 'EBUSY' ? 'BUSY' : 'PERMISSION' })
  })
})
