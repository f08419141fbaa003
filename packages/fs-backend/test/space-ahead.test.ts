import type * as fs from 'node:fs'
import { join } from 'node:path'
import type { BackendFile } from '@varve/backend'
import { type FsBackendOptions, fsBackend } from '@varve/fs-backend'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { clearFaults, faults, systemError, takeWritesOver } from './system-faults.js'
import { temporaryDirectory } from './temporary-directory.js'

vi.mock('node:fs', async (importOriginal) => (await import('./system-faults.js')).faultyFs(importOriginal))
const system = await vi.importActual<typeof fs>('node:fs')

afterEach(clearFaults)

const KiB = 1024
const ITEM = 100

/** A file to which items were durably added one by one, more than enough for space to be taken, or fewer. */
async function committed(commits: number, options?: FsBackendOptions) {
  const path = temporaryDirectory()
  const backend = fsBackend(path, options)
  const file = await backend.create('a')
  onTestFinished(() => file.close())
  for (let n = 0; n < commits; n++) await commit(file, n)
  return {
    path,
    backend,
    file,
    end: commits * ITEM,
    sizeOnDisk: () => system.statSync(join(path, 'a')).size,
    onDisk: () => system.readFileSync(join(path, 'a')),
  }
}

const item = (n: number) => new Uint8Array(ITEM).fill(n + 1)

async function commit(file: BackendFile, n: number): Promise<void> {
  await file.append([item(n)], n * ITEM)
  await file.sync()
}

const MANY = 30

describe('space is taken ahead', () => {
  test('where small appends are synced one by one, and it is zeros', async () => {
    const { end, onDisk } = await committed(MANY)
    const bytes = onDisk()
    expect(bytes.length).toBeGreaterThan(end)
    expect(bytes.subarray(end).every((byte) => byte === 0)).toBe(true)
    for (let n = 0; n < MANY; n++) expect(new Uint8Array(bytes.subarray(n * ITEM, (n + 1) * ITEM))).toEqual(item(n))
  })

  test('not for the first few', async () => {
    const { end, sizeOnDisk } = await committed(3)
    expect(sizeOnDisk()).toBe(end)
  })

  test('not for appends that are not synced, nor for large ones', async () => {
    const path = temporaryDirectory()
    const backend = fsBackend(path)
    for (const [name, size, isSynced] of [
      ['unsynced', ITEM, false],
      ['large', 129 * KiB, true],
    ] as const) {
      const file = await backend.create(name)
      onTestFinished(() => file.close())
      for (let n = 0; n < MANY; n++) {
        await file.append([new Uint8Array(size)], n * size)
        if (isSynced) await file.sync()
        expect(system.statSync(join(path, name)).size).toBe((n + 1) * size)
      }
    }
  })

  test('no more than it is told, and none where that is nothing', async () => {
    const some = await committed(MANY, { spaceAhead: 1000 })
    expect(some.sizeOnDisk() - some.end).toBeLessThanOrEqual(1000)
    const none = await committed(MANY, { spaceAhead: 0 })
    expect(none.sizeOnDisk()).toBe(none.end)
    for (const spaceAhead of [-1, 0.5, Number.NaN, 2 ** 40, '1']) {
      expect(() => fsBackend('x', { spaceAhead: spaceAhead as number })).toThrow(/spaceAhead/)
    }
  })

  test('again when it is used up, with every byte where it belongs', async () => {
    const { end, onDisk } = await committed(MANY, { spaceAhead: 5 * ITEM + 7 })
    const bytes = onDisk()
    for (let n = 0; n < MANY; n++) expect(new Uint8Array(bytes.subarray(n * ITEM, (n + 1) * ITEM))).toEqual(item(n))
    expect(bytes.subarray(end).every((byte) => byte === 0)).toBe(true)
  })
})

describe('space that was taken', () => {
  test('is out of sight of every handle of the backend that took it', async () => {
    const path = temporaryDirectory()
    const backend = fsBackend(path)
    const file = await backend.create('a')
    const before = await backend.open('a')
    for (let n = 0; n < MANY; n++) await commit(file, n)
    const end = MANY * ITEM
    expect(system.statSync(join(path, 'a')).size).toBeGreaterThan(end)
    for (const handle of [file, before, await backend.open('a'), backend.openSync!('a')]) {
      expect(await handle.size()).toBe(end)
      expect(handle.sizeSync!()).toBe(end)
      const target = new Uint8Array(ITEM).fill(255)
      for (const [position, count] of [
        [end - ITEM, ITEM],
        [end - 30, 30],
        [end, 0],
        [end + 30, 0],
      ] as const) {
        expect(await handle.read(target, position)).toBe(count)
        expect(handle.readSync!(target, position)).toBe(count)
        expect([count, undefined]).toContain(handle.readIfPrompt!(target, position))
      }
      await expect(handle.append([item(0)], end + 1)).rejects.toMatchObject({ code: 'CONFLICT' })
      await expect(handle.truncate(end + 1)).rejects.toMatchObject({ code: 'CONFLICT' })
      if (handle !== file) await handle.close()
    }
    await file.close()
  })

  test('is where another handle goes on', async () => {
    const { backend, file, end, onDisk } = await committed(MANY)
    const other = await backend.open('a')
    await other.append([item(MANY)], end)
    expect(await file.size()).toBe(end + ITEM)
    await commit(file, MANY + 1)
    await other.close()
    await file.close()
    expect(onDisk().length).toBe(end + 2 * ITEM)
    expect(new Uint8Array(onDisk().subarray(end, end + ITEM))).toEqual(item(MANY))
  })

  test('is found by others as zeros at the end, and cut off by the next writer', async () => {
    const { path, end, sizeOnDisk } = await committed(MANY)
    const other = await fsBackend(path).open('a')
    onTestFinished(() => other.close())
    expect(await other.size()).toBe(sizeOnDisk())
    const target = new Uint8Array(10).fill(255)
    expect(await other.read(target, end)).toBe(10)
    expect(target).toEqual(new Uint8Array(10))
    await other.truncate(end)
    expect(sizeOnDisk()).toBe(end)
  })

  test('is given back when the file is closed', async () => {
    const { file, end, sizeOnDisk, backend } = await committed(MANY)
    await file.close()
    expect(sizeOnDisk()).toBe(end)
    const again = await backend.open('a')
    expect(await again.size()).toBe(end)
    await commit(again, MANY)
    await again.close()
    expect(sizeOnDisk()).toBe(end + ITEM)
  })

  test('is given back when the next file is made, and taken again where the file is gone on with', async () => {
    const { backend, file, end, sizeOnDisk } = await committed(MANY)
    await (await backend.create('b')).close()
    expect(sizeOnDisk()).toBe(end)
    expect(await file.size()).toBe(end)
    await commit(file, MANY)
    expect(sizeOnDisk()).toBeGreaterThan(end + ITEM)
    expect(await file.size()).toBe(end + ITEM)
  })

  test('is not given back under an append that is under way', async () => {
    const { backend, file, end, onDisk } = await committed(MANY, { spaceAhead: 1024 * KiB })
    // More than is written at once, and less than was taken when as much had been committed.
    const sizes = [100 * KiB, 120 * KiB]
    await file.append([new Uint8Array(sizes[0]!).fill(1)], end)
    await file.sync()
    const appended = file.append([new Uint8Array(sizes[1]!).fill(2)], end + sizes[0]!)
    const made = backend.create('b')
    await Promise.all([appended, made.then((other) => other.close())])
    const whole = end + sizes[0]! + sizes[1]!
    expect(await file.size()).toBe(whole)
    await file.close()
    expect(onDisk().length).toBe(whole)
    expect(onDisk()[whole - 1]).toBe(2)
  })

  test('is left behind where it can not be given back', async () => {
    const { file, end, sizeOnDisk } = await committed(MANY)
    faults.ftruncateSync = (() => {
      throw systemError('EIO')
    }) as typeof fs.ftruncateSync
    await file.close()
    expect(sizeOnDisk()).toBeGreaterThan(end)
  })

  test('goes with a cut', async () => {
    const { file, sizeOnDisk } = await committed(MANY)
    await file.truncate(ITEM)
    expect(sizeOnDisk()).toBe(ITEM)
    expect(await file.size()).toBe(ITEM)
    await commit(file, 1)
    expect(await file.size()).toBe(2 * ITEM)
  })

  test('is written over by an append that is larger than it, once', async () => {
    const { file, end, sizeOnDisk, onDisk } = await committed(MANY)
    const large = new Uint8Array(2000 * KiB).fill(77)
    await file.append([large], end)
    expect(sizeOnDisk()).toBe(end + large.length)
    expect(Buffer.compare(onDisk().subarray(end), large)).toBe(0)
    expect(await file.size()).toBe(end + large.length)
  })

  test('is not written again by a sync with rewriteFrom', async () => {
    const { file, end } = await committed(MANY)
    const seen: number[] = []
    takeWritesOver((fd, chunks, position) => {
      seen.push(
        position,
        chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0),
      )
      return system.writevSync(fd, chunks as Uint8Array[], position)
    })
    await file.sync(end - 10)
    expect(seen).toEqual([end - 10, 10])
  })

  test('keeps nobody from noticing that somebody else cut the file or added to it', async () => {
    for (const size of [MANY * ITEM - 5, MANY * ITEM, 100 * KiB]) {
      const { path, file, end } = await committed(MANY)
      system.truncateSync(join(path, 'a'), size)
      if (size === end) await file.append([item(0)], end)
      else await expect(file.append([item(0)], end)).rejects.toMatchObject({ code: 'CONFLICT' })
      await file.close()
      expect(system.statSync(join(path, 'a')).size).toBe(size === end ? end + ITEM : size)
    }
  })
})

describe('an append', () => {
  test('that fails within it can be cut back', async () => {
    const { file, end, sizeOnDisk } = await committed(MANY)
    let calls = 0
    takeWritesOver((fd, chunks, position) => {
      if (++calls > 1) throw systemError('EIO')
      return system.writeSync(fd, chunks[0]!, 0, 10, position)
    })
    await expect(file.append([item(200)], end)).rejects.toMatchObject({ code: 'IO' })
    expect(await file.size()).toBeGreaterThanOrEqual(end + 10)
    clearFaults()
    await file.truncate(end)
    expect(sizeOnDisk()).toBe(end)
    await commit(file, MANY)
    expect(await file.size()).toBe(end + ITEM)
  })

  test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('needs no space ahead: %s over the zeros is no error', async (errno) => {
    const { file, onDisk } = await committed(3)
    takeWritesOver(limitedTo(20 * ITEM, errno))
    for (let n = 3; n < 20; n++) await commit(file, n)
    expect(await file.size()).toBe(20 * ITEM)
    for (let n = 0; n < 20; n++) expect(new Uint8Array(onDisk().subarray(n * ITEM, (n + 1) * ITEM))).toEqual(item(n))
    await expect(file.append([item(20)], 20 * ITEM)).rejects.toMatchObject({ code: 'NO_SPACE' })
    clearFaults()
    await file.truncate(20 * ITEM)
    await file.close()
    expect(onDisk().length).toBe(20 * ITEM)
  })

  test('that fails for another reason is an error, zeros or not', async () => {
    const { file } = await committed(3)
    let isFailed = false
    takeWritesOver((fd, chunks, position) => {
      if (chunks.length > 1) throw systemError('EIO')
      return system.writevSync(fd, chunks as Uint8Array[], position)
    })
    for (let n = 3; n < 20 && !isFailed; n++) {
      await commit(file, n).catch((error: unknown) => {
        isFailed = true
        expect(error).toMatchObject({ code: 'IO' })
      })
    }
    expect(isFailed).toBe(true)
  })
})

/** Files that can't grow beyond `size`, as where a disk is full: what fits is written, and the rest is an error. */
function limitedTo(size: number, errno: string) {
  return (fd: number, chunks: readonly Uint8Array[], position: number) => {
    const whole = Buffer.concat(chunks as Uint8Array[])
    const room = Math.min(whole.length, Math.max(0, size - position))
    if (room === 0) throw systemError(errno)
    return system.writeSync(fd, whole, 0, room, position)
  }
}
