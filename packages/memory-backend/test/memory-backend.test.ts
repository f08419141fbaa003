import { memoryBackend } from '@varve/memory-backend'
import { createFsFromVolume, memfs, Volume } from 'memfs'
import { describe, expect, test } from 'vitest'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('memoryBackend', () => {
  test('shows its files to code that uses the same volume', async () => {
    const { vol, fs } = memfs({ '/data': null })
    const backend = memoryBackend({ volume: vol, path: '/data/store' })
    const file = await backend.create('data00000.dat')
    await file.append([bytes('one'), bytes('two')], 0)
    expect(fs.readFileSync('/data/store/data00000.dat', 'utf8')).toBe('onetwo')
    fs.writeFileSync('/data/store/other.dat', 'three')
    const target = new Uint8Array(5)
    await (await backend.open('other.dat')).read(target, 0)
    expect(target).toEqual(bytes('three'))
    expect(await backend.list()).toEqual(['data00000.dat', 'other.dat'])
  })

  test('keeps its files in a volume of its own at /varve unless told otherwise', async () => {
    const backend = memoryBackend()
    await backend.create('a')
    expect(backend.volume.readdirSync('/varve')).toEqual(['a'])
    expect(await memoryBackend().list()).toEqual([])
    expect(await memoryBackend({ volume: backend.volume }).list()).toEqual(['a'])
    expect(backend.description).toBe('memory /varve')
  })

  test('locks a directory of a volume, by whatever path it is reached, and no other', async () => {
    const volume = new Volume()
    volume.mkdirSync('/a')
    volume.symlinkSync('/a', '/link')
    const lock = await memoryBackend({ volume, path: '/a' }).lock()
    for (const path of ['/a', '/a/', '/a/../a', '/link']) {
      await expect(memoryBackend({ volume, path }).lock()).rejects.toMatchObject({ code: 'LOCKED' })
      await expect(memoryBackend({ volume, path }).destroy()).rejects.toMatchObject({ code: 'LOCKED' })
    }
    await (await memoryBackend({ volume, path: '/b' }).lock()).release()
    await (await memoryBackend({ path: '/a' }).lock()).release()
    await lock.release()
    await memoryBackend({ volume, path: '/link' }).lock()
  })

  test('leaves no lock and no container behind when it is destroyed', async () => {
    const backend = memoryBackend()
    await (await backend.lock()).release()
    expect(backend.volume.toJSON()).toEqual({ '/varve': null })
    await backend.destroy()
    expect(backend.volume.toJSON()).toEqual({})
  })

  test('works at the root of a volume, which can not be destroyed', async () => {
    const backend = memoryBackend({ path: '/' })
    await (await backend.create('a')).append([bytes('x')], 0)
    expect(backend.volume.readFileSync('/a', 'utf8')).toBe('x')
    await backend.remove('a')
    await backend.destroy()
    await backend.create('b')
    expect(await backend.list()).toEqual(['b'])
  })

  test('leaves a directory alone in which somebody else put something', async () => {
    const backend = memoryBackend()
    backend.volume.mkdirSync('/varve/theirs', { recursive: true })
    await backend.destroy()
    expect(backend.volume.existsSync('/varve/theirs')).toBe(true)
  })

  test('refuses what is not a regular file, and follows no link', async () => {
    const backend = memoryBackend()
    const file = await backend.create('a')
    await file.append([bytes('untouched')], 0)
    backend.volume.symlinkSync('/varve/a', '/varve/link')
    backend.volume.mkdirSync('/varve/directory')
    for (const name of ['link', 'directory']) {
      await expect(backend.open(name)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
      expect(() => backend.openSync(name)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
      await expect(backend.create(name)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
      await expect(backend.replace(name, 'b')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    }
    await expect(backend.replace('a', 'directory')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(backend.remove('directory')).rejects.toMatchObject({ code: 'PERMISSION' })
    expect(backend.volume.readFileSync('/varve/a', 'utf8')).toBe('untouched')
  })

  test('names what memfs says', async () => {
    const volume = new Volume()
    volume.writeFileSync('/file', 'x')
    await expect(memoryBackend({ volume, path: '/file' }).list()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(memoryBackend({ volume, path: '/file' }).create('a')).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    const file = await memoryBackend().create('a')
    await expect(file.read(new Uint8Array(1), -1)).rejects.toMatchObject({ name: 'BackendError', code: 'IO' })
  })

  test('says so where a file was closed under it', async () => {
    const volume = new Volume()
    const file = await memoryBackend({ volume }).create('a')
    volume.reset()
    await expect(file.size()).rejects.toMatchObject({ code: 'IO' })
    await expect(file.close()).rejects.toMatchObject({ code: 'IO', cause: expect.objectContaining({ code: 'EBADF' }) })
    await file.close()
  })

  test('keeps nothing of the caller’s memory and gives out none of its own', async () => {
    const backend = memoryBackend()
    const file = await backend.create('a')
    const chunk = bytes('0123456789')
    await file.append([chunk], 0)
    chunk.fill(0)
    const target = new Uint8Array(10)
    await file.read(target, 0)
    expect(target).toEqual(bytes('0123456789'))
    target.fill(0)
    expect(backend.volume.readFileSync('/varve/a', 'utf8')).toBe('0123456789')
  })

  test('takes chunks and targets over a SharedArrayBuffer', async () => {
    const file = await memoryBackend().create('a')
    const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8)
    shared.set(bytes('shared!!'))
    await file.append([shared, shared.subarray(0, 2)], 0)
    shared.fill(0)
    expect(await file.read(shared, 2)).toBe(8)
    expect([...shared]).toEqual([...bytes('ared!!sh')])
  })

  test('lets the memory of a replaced file go', async () => {
    const backend = memoryBackend()
    const inodes = () => Object.keys((backend.volume as unknown as { _core: { inodes: object } })._core.inodes).length
    await (await backend.create('to')).close()
    const before = inodes()
    for (let round = 0; round < 10; round++) {
      await (await backend.create('from')).close()
      await backend.replace('from', 'to')
    }
    expect(inodes()).toBe(before)
  })

  test('holds nothing that keeps a process alive, or that has to be cleaned up', async () => {
    const before = process.getActiveResourcesInfo()
    const backend = memoryBackend()
    await backend.lock()
    const file = await backend.create('a')
    await file.append([bytes('x')], 0)
    await file.sync()
    expect(process.getActiveResourcesInfo()).toEqual(before)
  })

  test('refuses a path that is not absolute', () => {
    for (const path of ['', 'varve', './varve', 7]) expect(() => memoryBackend({ path: path as string })).toThrow(TypeError)
  })

  test('serves what was written through the fs made of its volume', async () => {
    const backend = memoryBackend()
    createFsFromVolume(backend.volume).mkdirSync('/varve', { recursive: true })
    createFsFromVolume(backend.volume).writeFileSync('/varve/a', 'abc')
    expect(await (await backend.open('a')).size()).toBe(3)
  })
})
