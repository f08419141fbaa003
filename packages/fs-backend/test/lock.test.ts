import type * as fs from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { conformanceSuite, runCase } from '@varve/backend/conformance'
import { fsBackend, lockHolderOf } from '@varve/fs-backend'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { clearFaults, failing, faults, systemError } from './system-faults.js'
import { temporaryDirectory } from './temporary-directory.js'

vi.mock('node:fs', async (importOriginal) => (await import('./system-faults.js')).faultyFs(importOriginal))
const system = await vi.importActual<typeof fs>('node:fs')

type TryLock = (fd: number, offset: number, length: number) => boolean

/** What the tests put in the place of the binary: another `tryLock`, or none. */
const native = vi.hoisted(() => ({ tryLock: undefined as TryLock | undefined, missing: false }))
vi.mock('fs-native-extensions', async (importOriginal) => {
  const original = (await importOriginal()) as { tryLock: TryLock }
  return {
    get tryLock() {
      if (native.missing) throw new Error('no binary for this platform')
      return native.tryLock ?? original.tryLock
    },
  }
})

afterEach(() => {
  clearFaults()
  native.tryLock = undefined
  native.missing = false
})

const linux = process.platform === 'linux'
const here = { pid: process.pid, host: hostname() }

const lockFile = (path: string) => join(path, '.lock')
const told = (path: string) => JSON.parse(system.readFileSync(lockFile(path), 'utf8'))
const tell = (path: string, text: string) => system.writeFileSync(lockFile(path), text)
const names = (path: string) => system.readdirSync(path).sort()

test.each(['Bun', 'Deno'])(
  '%s, which calls of the binary would end, gets a pid file that respects a kernel lock and is respected',
  async (runtime) => {
    const path = temporaryDirectory()
    const kernel = await fsBackend(path).lock()
    vi.stubGlobal(runtime, {})
    try {
      native.tryLock = () => {
        throw new Error('not to be called')
      }
      await expect(fsBackend(path).lock()).rejects.toMatchObject({
        code: 'LOCKED',
        message: expect.stringContaining('kernel lock of process'),
      })
      await kernel.release()
      const lock = await fsBackend(path).lock()
      expect(told(path)).toMatchObject({ ...here, lock: 'pid file' })
      vi.unstubAllGlobals()
      native.tryLock = undefined
      await expect(fsBackend(path).lock()).rejects.toMatchObject({
        code: 'LOCKED',
        message: expect.stringContaining('pid file of process'),
      })
      await lock.release()
    } finally {
      vi.unstubAllGlobals()
    }
  },
)

describe('a kernel lock', () => {
  test('tells who holds it, in its description and in the lock file', async () => {
    const path = temporaryDirectory()
    const uptime = vi.spyOn(process, 'uptime').mockReturnValue(86_400)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2025-06-02T12:00:00Z') })
    const lock = await fsBackend(path).lock()
    vi.useRealTimers()
    uptime.mockRestore()
    expect(told(path)).toMatchObject({ ...here, lock: 'kernel lock', started: '2025-06-01T12:00:00.000Z' })
    expect(lock.description).toBe(`kernel lock of process ${here.pid} on ${here.host}, started ${told(path).started}`)
    await lock.release()
    expect(system.readFileSync(lockFile(path), 'utf8').trim()).toBe('')
  })

  test('is held on a disk that is too full for the name of its holder', async () => {
    const path = temporaryDirectory()
    faults.writeSync = failing('ENOSPC')
    const lock = await fsBackend(path).lock()
    await expect(fsBackend(path).lock()).rejects.toMatchObject({
      code: 'LOCKED',
      message: expect.stringContaining('a process that it does not name'),
    })
    await lock.release()
    await (await fsBackend(path).lock()).release()
  })

  test('writes over the same bytes of its file each time, which needs no space', async () => {
    const path = temporaryDirectory()
    const lock = await fsBackend(path).lock()
    const size = system.statSync(lockFile(path)).size
    await lock.release()
    expect(system.statSync(lockFile(path)).size).toBe(size)
    await (await fsBackend(path).lock()).release()
    expect(system.statSync(lockFile(path)).size).toBe(size)
  })

  test('is taken on the file that has the name, not on one that was removed meanwhile', async () => {
    const path = temporaryDirectory()
    let removed = 0
    native.tryLock = (fd: number) => {
      if (removed++ < 3) system.unlinkSync(lockFile(path))
      return fd > 0
    }
    const lock = await fsBackend(path).lock()
    expect(removed).toBe(4)
    expect(told(path).id).toBeDefined()
    await lock.release()
  })

  test('is taken on the file that has the name, not on one that was replaced meanwhile', async () => {
    const path = temporaryDirectory()
    let replaced = false
    native.tryLock = (fd: number) => {
      if (!replaced) {
        system.renameSync(lockFile(path), join(path, 'moved'))
        tell(path, '')
      }
      replaced = true
      return fd > 0
    }
    await (await fsBackend(path).lock()).release()
    expect(system.statSync(lockFile(path)).size).toBeGreaterThan(0)
  })

  test('gives up where the file is removed time and again', async () => {
    const path = temporaryDirectory()
    native.tryLock = () => {
      system.unlinkSync(lockFile(path))
      return true
    }
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
  })

  test('makes the container anew where it was destroyed before the lock file was there', async () => {
    const path = join(temporaryDirectory(), 'store')
    let destroyed = false
    faults.openSync = ((file: string, flags: number, mode: number) => {
      if (!destroyed && file === lockFile(path)) {
        destroyed = true
        system.rmdirSync(path)
      }
      return system.openSync(file, flags, mode)
    }) as typeof fs.openSync
    await fsBackend(path).lock()
    expect(destroyed).toBe(true)
    expect(names(path)).toEqual(['.lock'])
  })

  test.each(['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOLCK', 'EINVAL'])(
    'gives way to a pid file where the file system has none (%s)',
    async (errno) => {
      native.tryLock = () => {
        throw systemError(errno)
      }
      const lock = await fsBackend(temporaryDirectory()).lock()
      expect(lock.description).toContain('pid file of process')
    },
  )

  test('does not give way to a pid file for any other error', async () => {
    native.tryLock = () => {
      throw systemError('EIO')
    }
    await expect(fsBackend(temporaryDirectory()).lock()).rejects.toMatchObject({ code: 'IO' })
  })

  test('respects a pid file whose process runs, and takes over that of one that doesn’t', async () => {
    const path = temporaryDirectory()
    await (await fsBackend(path).lock()).release()
    native.missing = true
    const pidFile = await fsBackend(path).lock()
    const holder = told(path)
    native.missing = false
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining(pidFile.description) })
    tell(path, JSON.stringify({ ...holder, pid: 2 ** 30 }))
    await fsBackend(path).lock()
    expect(told(path)).toMatchObject({ lock: 'kernel lock', ...here })
  })
})

describe('a pid file', () => {
  beforeEach(() => {
    native.missing = true
  })

  const cases = [...conformanceSuite.locking!, ...conformanceSuite.destroying!, ...conformanceSuite.listing!]
  test.each(cases)('$title', async (one) => {
    const path = join(temporaryDirectory(), 'store')
    await runCase(one, () => ({ backend: fsBackend(path), reopen: () => fsBackend(path) }))
  })

  test('tells who holds it, and is gone when it is released', async () => {
    const path = temporaryDirectory()
    const lock = await fsBackend(path).lock()
    expect(told(path)).toMatchObject({ ...here, lock: 'pid file' })
    expect(lock.description).toBe(`pid file of process ${here.pid} on ${here.host}, started ${told(path).started}`)
    expect(names(path)).toEqual(['.lock'])
    await lock.release()
    expect(names(path)).toEqual([])
  })

  test('is durable with what it tells before it has its name', async () => {
    const path = temporaryDirectory()
    const log: string[] = []
    for (const call of ['fsyncSync', 'linkSync'] as const) {
      faults[call] = (...args: [never, never]) => {
        log.push(call)
        return system[call](...args)
      }
    }
    await fsBackend(path).lock()
    expect(log).toEqual(['fsyncSync', 'linkSync'])
  })

  test('leaves nothing behind where the disk is full', async () => {
    const path = temporaryDirectory()
    faults.linkSync = failing('ENOSPC')
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'NO_SPACE' })
    expect(names(path)).toEqual([])
  })

  describe('that is there already', () => {
    const own = async () => {
      const path = temporaryDirectory()
      const lock = await fsBackend(path).lock()
      const holder = told(path)
      await lock.release()
      return { path, holder }
    }

    test.each(
      [
        { of: 'a process that is gone', change: { pid: 2 ** 30 }, where: true },
        { of: 'an earlier process with our number', change: { start: 'another boot/1' }, where: linux },
        { of: 'an earlier process with the number of another', change: { pid: process.ppid, start: 'another boot/1' }, where: linux },
      ].filter(({ where }) => where),
    )('is taken over, of $of', async ({ change }) => {
      const { path, holder } = await own()
      tell(path, JSON.stringify({ ...holder, ...change }))
      const lock = await fsBackend(path).lock()
      expect(told(path)).toMatchObject(here)
      expect(names(path)).toEqual(['.lock'])
      await lock.release()
    })

    test.each(['', 'no JSON', '{}', '{"pid":"1"}'])('is taken over where it names nobody: "%s"', async (text) => {
      const { path } = await own()
      tell(path, text)
      await fsBackend(path).lock()
      expect(told(path)).toMatchObject(here)
    })

    test.each([
      ['on another host', { host: 'elsewhere', pid: 2 ** 30 }],
      ['of another container on this host', { pids: 'pid:[1]', pid: 2 ** 30 }],
      ['of a process that runs, and whose start is not known', { start: undefined }],
      ['of a process that holds the kernel’s lock', { lock: 'kernel lock' }],
    ])('is left alone, %s', async (_, change) => {
      const { path, holder } = await own()
      const text = JSON.stringify({ ...holder, ...change })
      tell(path, text)
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      expect(system.readFileSync(lockFile(path), 'utf8')).toBe(text)
      expect(names(path)).toEqual(['.lock'])
    })

    test('is left alone, of a process of another user', async () => {
      const { path, holder } = await own()
      tell(path, JSON.stringify({ ...holder, pid: 2 ** 30 }))
      const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
        throw systemError('EPERM')
      })
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      kill.mockRestore()
      await fsBackend(path).lock()
    })

    test.runIf(linux)('is taken over, of a process that is dead and only waits for its parent', async () => {
      const { path, holder } = await own()
      // Its start is the right one: only that it is dead tells that the lock is free.
      const fields = system.readFileSync(`/proc/${process.ppid}/stat`, 'latin1').split(') ')[1]!.split(' ')
      const parent = { ...holder, pid: process.ppid, start: holder.start.replace(/[^/]*$/, fields[19]) }
      tell(path, JSON.stringify(parent))
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      faults.readFileSync = ((file: string, ...rest: []) => {
        const text = system.readFileSync(file, ...rest) as unknown as string
        return file === `/proc/${process.ppid}/stat` ? text.replace(/\) \S/, ') Z') : text
      }) as typeof fs.readFileSync
      await fsBackend(path).lock()
      expect(told(path)).toMatchObject(here)
    })

    test('is believed where the system tells nothing of processes', async () => {
      const { path } = await own()
      faults.readFileSync = ((file: string, ...rest: []) => {
        if (file.startsWith('/proc')) throw systemError('ENOENT')
        return system.readFileSync(file, ...rest)
      }) as typeof fs.readFileSync
      faults.readlinkSync = failing('ENOENT')
      const lock = await fsBackend(path).lock()
      expect(told(path).start).toBeUndefined()
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      await lock.release()
      tell(path, JSON.stringify({ ...here, pid: 2 ** 30 }))
      await fsBackend(path).lock()
    })
  })

  describe('that two take over at the same time', () => {
    const right = (path: string, stale: { readonly id: string }) => `${lockFile(path)}.after-${stale.id}`
    const found = async () => {
      const path = temporaryDirectory()
      const lock = await fsBackend(path).lock()
      const holder = told(path)
      const stale = { ...holder, pid: 2 ** 30 }
      await lock.release()
      tell(path, JSON.stringify(stale))
      return { path, holder, stale }
    }

    test('is not taken from the one that was first', async () => {
      const { path, holder: first, stale } = await found()
      const holder = { ...first, id: 'another' }
      faults.linkSync = ((from: string, to: string) => {
        // The other is through by the time that we have the right.
        if (to === right(path, stale)) tell(path, JSON.stringify(holder))
        system.linkSync(from, to)
      }) as typeof fs.linkSync
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      expect(told(path)).toEqual(holder)
      expect(names(path)).toEqual(['.lock'])
    })

    test('is left to the one that is at it', async () => {
      const { path, holder, stale } = await found()
      system.writeFileSync(right(path, stale), JSON.stringify(holder))
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      expect(told(path)).toEqual(stale)
    })

    test('is taken where those that were at it were killed, one after the other', async () => {
      const { path, stale } = await found()
      const [first, second] = [
        { ...stale, id: 'first' },
        { ...stale, id: 'second' },
      ]
      system.writeFileSync(right(path, stale), JSON.stringify(first))
      system.writeFileSync(right(path, first), JSON.stringify(second))
      await fsBackend(path).lock()
      expect(names(path)).toEqual(['.lock'])
      expect(told(path)).toMatchObject(here)
    })

    /** Runs `act` when the file is looked at, once. */
    const whenRead = (file: string, act: () => void) => {
      let done = false
      faults.lstatSync = ((path: string, ...rest: []) => {
        if (path === file && !done) {
          done = true
          act()
        }
        return system.lstatSync(path, ...rest)
      }) as typeof fs.lstatSync
    }

    test('is looked at again where the other is done with it meanwhile', async () => {
      const { path, stale } = await found()
      system.writeFileSync(right(path, stale), JSON.stringify(stale))
      whenRead(right(path, stale), () => system.unlinkSync(right(path, stale)))
      await fsBackend(path).lock()
      expect(told(path)).toMatchObject(here)
      expect(names(path)).toEqual(['.lock'])
    })

    test('is not removed where it is gone: the next to be there is somebody’s', async () => {
      const { path } = await found()
      whenRead(lockFile(path), () => system.unlinkSync(lockFile(path)))
      const removed: string[] = []
      faults.unlinkSync = ((file: string) => {
        removed.push(file)
        system.unlinkSync(file)
      }) as typeof fs.unlinkSync
      await fsBackend(path).lock()
      expect(removed).not.toContain(lockFile(path))
      expect(removed.length).toBe(1)
    })

    test('is left alone where the right to it names nobody', async () => {
      const { path, stale } = await found()
      system.writeFileSync(right(path, stale), '')
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining(right(path, stale)) })
      expect(told(path)).toEqual(stale)
    })

    test('is left alone where the right to it names itself, which nobody can have made', async () => {
      const { path, stale } = await found()
      system.writeFileSync(right(path, stale), JSON.stringify(stale))
      await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED', message: expect.stringContaining(right(path, stale)) })
      expect(told(path)).toEqual(stale)
    })

    test('is not read where it is too long to be one', async () => {
      const { path } = await found()
      tell(path, ' '.repeat(2 ** 20))
      faults.readFileSync = ((file: string, ...rest: []) => {
        if (file === lockFile(path)) throw systemError('ENOMEM')
        return system.readFileSync(file, ...rest)
      }) as typeof fs.readFileSync
      const lock = await fsBackend(path).lock()
      clearFaults()
      await lock.release()
    })

    test('makes no file elsewhere, whatever the stale one says', async () => {
      const { path, stale } = await found()
      tell(path, JSON.stringify({ ...stale, id: '/../../../outside' }))
      await fsBackend(path).lock()
      expect(names(path)).toEqual(['.lock'])
      expect(told(path)).toMatchObject(here)
    })
  })

  test('gives up where the file comes and goes all the time', async () => {
    const path = temporaryDirectory()
    faults.linkSync = failing('EEXIST')
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'LOCKED' })
    expect(names(path)).toEqual([])
  })

  test.each(['readFileSync', 'unlinkSync'] as const)('is nobody’s where the system refuses %s, and nothing is taken', async (call) => {
    const path = temporaryDirectory()
    tell(path, '')
    const original = system[call] as (file: string, ...rest: unknown[]) => unknown
    faults[call] = (file: string, ...rest: unknown[]) => {
      if (file === lockFile(path)) throw systemError('EACCES')
      return original(file, ...rest)
    }
    await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'PERMISSION' })
    expect(names(path)).toEqual(['.lock'])
    expect(system.readFileSync(lockFile(path), 'utf8')).toBe('')
  })

  test('that can not be removed says so once', async () => {
    const lock = await fsBackend(temporaryDirectory()).lock()
    faults.unlinkSync = failing('EIO')
    await expect(lock.release()).rejects.toMatchObject({ name: 'BackendError', code: 'IO' })
    await lock.release()
  })

  test('is not removed by the release of one who lost it to somebody’s hand', async () => {
    const path = temporaryDirectory()
    const lock = await fsBackend(path).lock()
    system.unlinkSync(lockFile(path))
    const other = await fsBackend(path).lock()
    await lock.release()
    expect(names(path)).toEqual(['.lock'])
    await other.release()
  })

  test('is removed with what killed processes left of it when the container is destroyed', async () => {
    const path = join(temporaryDirectory(), 'store')
    await (await fsBackend(path).lock()).release()
    system.writeFileSync(`${lockFile(path)}.left-behind`, '')
    expect(await fsBackend(path).list()).toEqual([])
    await fsBackend(path).destroy()
    expect(system.existsSync(path)).toBe(false)
  })
})

test('a platform without a binary makes do with a pid file', async () => {
  vi.resetModules()
  vi.doMock('fs-native-extensions', () => {
    throw new Error('no binary for this platform')
  })
  const { fsBackend: withoutBinary } = await import('@varve/fs-backend')
  const lock = await withoutBinary(temporaryDirectory()).lock()
  expect(lock.description).toContain('pid file of process')
})

describe('who holds the lock', () => {
  test('is told without taking it, for as long as it is held', async () => {
    const path = temporaryDirectory()
    expect(lockHolderOf(path)).toBeUndefined()
    const lock = await fsBackend(path).lock()
    expect(lockHolderOf(path)).toBe(lock.description)
    await lock.release()
    expect(lockHolderOf(path)).toBeUndefined()
    await (await fsBackend(path).lock()).release()
  })

  test('is nobody where there is no directory, and where the process that it names has ended', async () => {
    const path = temporaryDirectory()
    expect(lockHolderOf(join(path, 'nowhere'))).toBeUndefined()
    const lock = await fsBackend(path).lock()
    const holder = told(path)
    await lock.release()
    tell(path, JSON.stringify({ ...holder, pid: 2 ** 30 }))
    expect(lockHolderOf(path)).toBeUndefined()
    tell(path, JSON.stringify({ ...holder, lock: 'pid file', host: 'elsewhere', started: '2025-06-01T12:00:00.000Z' }))
    expect(lockHolderOf(path)).toBe(`pid file of process ${here.pid} on elsewhere, started 2025-06-01T12:00:00.000Z`)
  })
})
