import type * as fs from 'node:fs'
import { join } from 'node:path'
import { BackendError, type BackendErrorCode } from '@varve/backend'
import { type FsBackendOptions, fsBackend } from '@varve/fs-backend'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { clearFaults, failing, faults, systemError, takeWritesOver } from './system-faults.js'
import { temporaryDirectory } from './temporary-directory.js'

vi.mock('node:fs', async (importOriginal) => (await import('./system-faults.js')).faultyFs(importOriginal))
const system = await vi.importActual<typeof fs>('node:fs')

afterEach(clearFaults)

const MiB = 1024 * 1024
const numbers = (length: number, from = 0) => Uint8Array.from({ length }, (_, index) => from + index)

async function fileWith(content: Uint8Array, options: FsBackendOptions = {}) {
  const path = temporaryDirectory()
  const file = await fsBackend(path, options).create('a')
  onTestFinished(() => file.close())
  await file.append([content], 0)
  return { file, content: () => new Uint8Array(system.readFileSync(join(path, 'a'))) }
}

/** Takes writing over: each call writes as many bytes as the next number says, or fails as the next name says. */
function writes(...answers: (number | string)[]): number[] {
  const asked: number[] = []
  takeWritesOver((fd, chunks, position) => {
    const whole = Buffer.concat(chunks)
    asked.push(whole.byteLength)
    const answer = answers.shift() ?? whole.byteLength
    if (typeof answer === 'string') throw systemError(answer)
    return system.writeSync(fd, whole, 0, answer, position)
  })
  return asked
}

/** Each call of the system's sync, to be let through or failed; resolves when that was heard of. */
function holdSyncs() {
  const held: ((failure?: NodeJS.ErrnoException) => Promise<void>)[] = []
  faults.fdatasync = ((fd, callback) => {
    held.push(
      (failure) =>
        new Promise((resolve) => {
          const answer = (error: NodeJS.ErrnoException | null) => {
            callback(error)
            setImmediate(resolve)
          }
          if (failure) answer(failure)
          else system.fdatasync(fd, answer)
        }),
    )
  }) as typeof fs.fdatasync
  return held
}

describe('an append', () => {
  test('goes on where a short write stopped, at every length', async () => {
    const chunks = [numbers(3), numbers(0), numbers(4, 3), numbers(1, 7)]
    for (let first = 1; first < 8; first++) {
      const { file, content } = await fileWith(numbers(0))
      const asked = writes(first, 1)
      await file.append(chunks, 0)
      expect(content()).toEqual(numbers(8))
      expect(asked).toEqual([8, 8 - first, 7 - first].filter((length) => length > 0))
    }
  })

  test('rejects with what stopped a short write', async () => {
    const { file, content } = await fileWith(numbers(2))
    writes(5, 'ENOSPC')
    await expect(file.append([numbers(8, 2)], 2)).rejects.toMatchObject({
      code: 'NO_SPACE',
      cause: expect.objectContaining({ code: 'ENOSPC' }),
    })
    expect(content()).toEqual(numbers(7))
    await file.truncate(2)
    await file.append([numbers(8, 2)], 2)
    expect(content()).toEqual(numbers(10))
  })

  test('tries once more where nothing was written and nothing is said, and then gives up', async () => {
    const { file, content } = await fileWith(numbers(0))
    const asked = writes(0, 4, 0)
    await file.append([numbers(8)], 0)
    expect(content()).toEqual(numbers(8))
    expect(asked).toEqual([8, 8, 4, 4])
    const again = writes(3, 0, 0, 5)
    await expect(file.append([numbers(8)], 8)).rejects.toMatchObject({ code: 'IO', message: expect.stringContaining('3 of 8') })
    expect(again).toEqual([8, 5, 5])
  })

  test('is split where it is more than the system takes in one call', async () => {
    const { file } = await fileWith(numbers(5))
    const calls: { readonly position: number; readonly lengths: readonly number[] }[] = []
    takeWritesOver((_fd, chunks, position) => {
      calls.push({ position, lengths: chunks.map((chunk) => chunk.byteLength) })
      return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    })
    // Untouched pages of one buffer: it takes no memory.
    const large = new Uint8Array(700 * MiB)
    await file.append([large, numbers(3), numbers(0), large, large.subarray(0, 648 * MiB - 4)], 5)
    const [first, second] = [2 ** 30, 2 ** 30 - 1]
    expect(calls).toEqual([
      { position: 5, lengths: [700 * MiB, 3, 324 * MiB - 3] },
      { position: 5 + first, lengths: [376 * MiB + 3, 648 * MiB - 4] },
    ])
    expect(calls[1]!.lengths.reduce((sum, length) => sum + length, 0)).toBe(second)
  })

  test('cuts a chunk that alone is more than the system takes in one call', async () => {
    const { file } = await fileWith(numbers(0))
    const calls: number[][] = []
    takeWritesOver((_fd, chunks, position) => {
      calls.push([position, ...chunks.map((chunk) => chunk.byteLength)])
      return chunks[0]!.byteLength
    })
    await file.append([new Uint8Array(2 ** 30 + 7)], 0)
    expect(calls).toEqual([
      [0, 2 ** 30],
      [2 ** 30, 7],
    ])
  })
})

describe('a read', () => {
  test('goes on where the system gave less than there is', async () => {
    const { file } = await fileWith(numbers(100))
    faults.read = ((fd, target, offset, length, position, callback) =>
      system.read(fd, target, offset, Math.min(length, 7), position, callback)) as typeof fs.read
    faults.readSync = ((fd: number, target: Uint8Array, offset: number, length: number, position: number) =>
      system.readSync(fd, target, offset, Math.min(length, 7), position)) as typeof fs.readSync
    const target = new Uint8Array(60)
    expect(await file.read(target, 30)).toBe(60)
    expect(target).toEqual(numbers(60, 30))
    expect(file.readSync?.(target.fill(0), 70)).toBe(30)
    expect(target.subarray(0, 30)).toEqual(numbers(30, 70))
  })

  test('of a position that is none is refused, and does not read on from the last', async () => {
    const { file } = await fileWith(numbers(100))
    for (const position of [-1, 0.5, Number.NaN]) {
      await expect(file.read(new Uint8Array(4), position)).rejects.toMatchObject({ code: 'IO' })
      expect(() => file.readSync?.(new Uint8Array(4), position)).toThrow(BackendError)
    }
  })
})

describe('a sync', () => {
  const syncs = (file: { sync(from?: number): Promise<void> }, from?: number) => {
    const calls: string[] = []
    for (const name of ['fdatasync', 'fsync'] as const) {
      faults[name] = ((fd, callback) => {
        calls.push(name)
        system[name](fd, callback)
      }) as typeof fs.fsync
    }
    return file.sync(from).then(() => calls)
  }

  test('needs only the data, except after a cut', async () => {
    const { file } = await fileWith(numbers(100))
    expect(await syncs(file)).toEqual(['fdatasync'])
    await file.truncate(50)
    expect(await syncs(file)).toEqual(['fsync'])
    expect(await syncs(file)).toEqual(['fdatasync'])
  })

  test('of a cut is whole also when the first one failed', async () => {
    const { file } = await fileWith(numbers(100))
    await file.truncate(50)
    faults.fsync = failing('EIO')
    await expect(file.sync()).rejects.toMatchObject({ code: 'IO' })
    expect(await syncs(file)).toEqual(['fsync'])
  })

  test('with rewriteFrom writes every byte from there again, each once, before it syncs', async () => {
    const content = Uint8Array.from({ length: 2 * MiB + 77 }, (_, index) => index * 7)
    const { file, content: present } = await fileWith(content)
    const log: [string, ...number[]][] = []
    takeWritesOver((fd, chunks, position) => {
      log.push(['write', position, chunks[0]!.byteLength])
      expect(Buffer.compare(chunks[0]!, content.subarray(position, position + chunks[0]!.byteLength))).toBe(0)
      return system.writevSync(fd, chunks as Uint8Array[], position)
    })
    faults.fdatasync = ((fd, callback) => {
      log.push(['sync'])
      system.fdatasync(fd, callback)
    }) as typeof fs.fdatasync
    await file.sync(100)
    expect(log).toEqual([['write', 100, MiB], ['write', 100 + MiB, MiB - 23], ['sync']])
    expect(Buffer.compare(present(), content)).toBe(0)
  })

  test('with rewriteFrom finds out that somebody else cut the file', async () => {
    const { file } = await fileWith(numbers(100))
    faults.readSync = ((fd: number, target: Uint8Array, offset: number, length: number) =>
      system.readSync(fd, target, offset, length, 100)) as typeof fs.readSync
    await expect(file.sync(50)).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('ends at 50') })
  })

  test('that is under way has its descriptor until it is answered: close waits', async () => {
    const { file } = await fileWith(numbers(100))
    const held = holdSyncs()
    let closes = 0
    faults.close = ((fd, callback) => {
      closes++
      system.close(fd, callback)
    }) as typeof fs.close
    const sync = file.sync()
    const close = file.close()
    await new Promise((resolve) => setImmediate(resolve))
    expect([held.length, closes]).toEqual([1, 0])
    await held[0]!()
    await Promise.all([sync, close])
    expect([held.length, closes]).toEqual([1, 1])
  })

  test('with rewriteFrom does not sync what it could not write again', async () => {
    const { file } = await fileWith(numbers(100))
    writes('EIO')
    let synced = false
    faults.fdatasync = () => {
      synced = true
    }
    await expect(file.sync(0)).rejects.toMatchObject({ code: 'IO' })
    expect(synced).toBe(false)
  })
})

describe('what is appended without a sync', () => {
  const appendMiB = async (file: Awaited<ReturnType<typeof fileWith>>['file'], from: number, to: number) => {
    for (let at = from; at < to; at++) await file.append([new Uint8Array(MiB)], at * MiB)
  }

  test('is begun with by the disk every 16 MiB, once the one before is through', async () => {
    const { file } = await fileWith(numbers(0))
    const held = holdSyncs()
    await appendMiB(file, 0, 15)
    expect(held).toHaveLength(0)
    await appendMiB(file, 15, 40)
    expect(held).toHaveLength(1)
    await held[0]!()
    await appendMiB(file, 40, 41)
    expect(held).toHaveLength(2)
    await held[1]!()
  })

  test('or every writebackAfter bytes, or not at all', async () => {
    const { file: often } = await fileWith(numbers(0), { writebackAfter: 100 })
    const { file: never } = await fileWith(numbers(0), { writebackAfter: Number.POSITIVE_INFINITY })
    const held = holdSyncs()
    await appendMiB(never, 0, 40)
    await often.append([numbers(99)], 0)
    expect(held).toHaveLength(0)
    await often.append([numbers(1)], 99)
    expect(held).toHaveLength(1)
    await held[0]!()
    for (const writebackAfter of [0, -1, Number.NaN, '16', null])
      expect(() => fsBackend('x', { writebackAfter: writebackAfter as number })).toThrow(/writebackAfter must be 1 byte or more/)
  })

  test('counts from the last sync', async () => {
    const { file } = await fileWith(numbers(0))
    await appendMiB(file, 0, 15)
    await file.sync()
    const held = holdSyncs()
    await appendMiB(file, 15, 30)
    expect(held).toHaveLength(0)
  })

  test('makes the next sync fail, and each one after it, where the disk did not take it: the system tells once', async () => {
    const { file } = await fileWith(numbers(0))
    const held = holdSyncs()
    await appendMiB(file, 0, 16)
    await held[0]!(systemError('EIO'))
    clearFaults()
    await expect(file.sync()).rejects.toMatchObject({ code: 'IO', cause: expect.objectContaining({ code: 'EIO' }) })
    await expect(file.sync()).rejects.toMatchObject({ code: 'IO' })
  })

  test('is not durable before the disk is through with it: a sync waits for that', async () => {
    const { file } = await fileWith(numbers(0))
    const held = holdSyncs()
    await appendMiB(file, 0, 16)
    clearFaults()
    let synced: unknown = 'pending'
    const sync = file.sync().catch((error: unknown) => (synced = error))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(synced).toBe('pending')
    await held[0]!(systemError('EIO'))
    await sync
    expect(synced).toMatchObject({ code: 'IO' })
  })

  test('keeps its descriptor until the disk is through with it: close waits', async () => {
    const { file } = await fileWith(numbers(0))
    const held = holdSyncs()
    await appendMiB(file, 0, 16)
    let closed = false
    const close = file.close().then(() => (closed = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(closed).toBe(false)
    await held[0]!()
    await close
  })
})

const errnos: readonly [string, BackendErrorCode][] = [
  ['ENOENT', 'NOT_FOUND'],
  ['EEXIST', 'ALREADY_EXISTS'],
  ['EBUSY', 'BUSY'],
  ['ENOSPC', 'NO_SPACE'],
  ['EDQUOT', 'NO_SPACE'],
  ['EFBIG', 'NO_SPACE'],
  ['EACCES', 'PERMISSION'],
  ['EPERM', 'PERMISSION'],
  ['EROFS', 'PERMISSION'],
  ['EMFILE', 'TOO_MANY_OPEN'],
  ['ENFILE', 'TOO_MANY_OPEN'],
  ['EOPNOTSUPP', 'UNSUPPORTED'],
  ['EIO', 'IO'],
  ['ESTALE', 'IO'],
]

describe.each(errnos)('%s from the system is %s', (errno, code) => {
  const refusal = { name: 'BackendError', code, cause: expect.objectContaining({ code: errno }) }

  test.each([
    ['read', 'read', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.read(new Uint8Array(4), 0)],
    ['append', 'writes', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.append([numbers(1)], 4)],
    ['append', 'writes', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.append([new Uint8Array(MiB)], 4)],
    ['truncate', 'ftruncate', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.truncate(1)],
    ['sync', 'fdatasync', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.sync()],
    ['size', 'fstatSync', (file: Awaited<ReturnType<typeof fileWith>>['file']) => file.size()],
  ] as const)('in %s', async (operation, call, run) => {
    const { file } = await fileWith(numbers(4))
    if (call === 'writes') takeWritesOver(failing(errno) as () => never)
    else faults[call] = failing(errno)
    await expect(run(file)).rejects.toMatchObject({ ...refusal, message: expect.stringContaining(`: a: ${operation}`) })
    clearFaults()
    expect(await file.read(new Uint8Array(4), 0)).toBe(4)
  })

  test('in readSync and sizeSync', async () => {
    const { file } = await fileWith(numbers(4))
    Object.assign(faults, { readSync: failing(errno), fstatSync: failing(errno) })
    expect(() => file.readSync?.(new Uint8Array(4), 0)).toThrow(expect.objectContaining(refusal))
    expect(() => file.sizeSync?.()).toThrow(expect.objectContaining(refusal))
  })

  test('in close, which gives the handle up all the same', async () => {
    const { file } = await fileWith(numbers(4))
    faults.close = ((fd, callback) => system.close(fd, () => callback?.(systemError(errno)))) as typeof fs.close
    await expect(file.close()).rejects.toMatchObject(refusal)
    await file.close()
    await expect(file.size()).rejects.toMatchObject({ code: 'IO' })
  })

  test('in replace, remove and list', async () => {
    const backend = fsBackend(temporaryDirectory())
    await (await backend.create('a')).close()
    Object.assign(faults, { rename: failing(errno), unlink: failing(errno) })
    await expect(backend.replace('a', 'b')).rejects.toMatchObject(refusal)
    await expect(backend.remove('a')).rejects.toMatchObject(refusal)
    if (errno === 'ENOENT') return
    faults.readdir = failing(errno)
    await expect(backend.list()).rejects.toMatchObject(refusal)
  })
})

describe('no handle is left', () => {
  const openHandles = () => system.readdirSync('/proc/self/fd').length
  const linux = process.platform === 'linux'

  test.runIf(linux).each(['fsync', 'fstatSync'] as const)('when %s fails in create, open or lock', async (call) => {
    const path = temporaryDirectory()
    const backend = fsBackend(path)
    await (await backend.create('a')).close()
    await (await backend.lock()).release()
    const before = openHandles()
    faults[call] = failing('EIO')
    const calls = [
      backend.create('b'),
      backend.lock(),
      ...(call === 'fstatSync' ? [backend.open('a'), (async () => backend.openSync?.('a'))()] : []),
    ]
    const results = await Promise.allSettled(calls)
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(call === 'fstatSync' ? 1 : 0)
    for (const result of results) if (result.status === 'fulfilled' && result.value && 'close' in result.value) await result.value.close()
    expect(openHandles()).toBe(before)
    clearFaults()
    await (await backend.lock()).release()
  })
})

describe('a destroy that fails', () => {
  test('does not keep the lock', async () => {
    const path = temporaryDirectory()
    const backend = fsBackend(path)
    await (await backend.lock()).release()
    system.writeFileSync(join(path, '.lock.left-behind'), '')
    faults.unlink = failing('EIO')
    await expect(backend.destroy()).rejects.toMatchObject({ code: 'IO' })
    clearFaults()
    await (await backend.lock()).release()
    await backend.destroy()
    expect(system.existsSync(path)).toBe(false)
  })
})

describe('a file that may only be read', () => {
  test.each(['EACCES', 'EPERM', 'EROFS'])('is opened for reading (%s), and refuses every change', async (errno) => {
    const path = temporaryDirectory()
    system.writeFileSync(join(path, 'a'), 'abc')
    const refused = (flags: unknown) => (Number(flags) & system.constants.O_RDWR) !== 0
    faults.open = ((file, flags, callback) =>
      refused(flags)
        ? (callback as unknown as (error: Error) => void)(systemError(errno))
        : system.open(file, flags, callback as never)) as typeof fs.open
    faults.openSync = ((file: string, flags: number) => {
      if (refused(flags)) throw systemError(errno)
      return system.openSync(file, flags)
    }) as typeof fs.openSync
    const backend = fsBackend(path)
    for (const file of [await backend.open('a'), backend.openSync!('a')]) {
      const target = new Uint8Array(3)
      expect(await file.read(target, 0)).toBe(3)
      expect(file.readSync?.(target, 0)).toBe(3)
      await expect(file.append([numbers(1)], 3)).rejects.toMatchObject({ code: 'PERMISSION' })
      await expect(file.truncate(0)).rejects.toMatchObject({ code: 'PERMISSION' })
      await expect(file.sync(0)).rejects.toMatchObject({ code: 'PERMISSION' })
      await file.close()
    }
    expect(system.readFileSync(join(path, 'a'), 'utf8')).toBe('abc')
  })

  test('is PERMISSION where it may not be read either', async () => {
    const backend = fsBackend(temporaryDirectory())
    await (await backend.create('a')).close()
    Object.assign(faults, { open: failing('EACCES'), openSync: failing('EACCES') })
    await expect(backend.open('a')).rejects.toMatchObject({ code: 'PERMISSION' })
    expect(() => backend.openSync?.('a')).toThrow(expect.objectContaining({ code: 'PERMISSION' }))
  })
})
