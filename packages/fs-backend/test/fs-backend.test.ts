import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fsBackend } from '@varve/fs-backend'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { temporaryDirectory } from './temporary-directory.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const modeOf = (path: string) => statSync(path).mode & 0o777
const posix = process.platform !== 'win32'

describe('fsBackend', () => {
  test('takes a path or a file URL, and says which in its description', async () => {
    const directory = temporaryDirectory()
    await (await fsBackend(join(directory, 'a store')).create('a')).close()
    const backend = fsBackend(pathToFileURL(join(directory, 'a store')))
    expect(await backend.list()).toEqual(['a'])
    expect(backend.description).toBe(`fs ${join(directory, 'a store')}`)
    expect(fsBackend('./blocks').description).toBe('fs ./blocks')
  })

  test('resolves a relative path once', async () => {
    const directory = realpathSync(temporaryDirectory())
    const here = vi.spyOn(process, 'cwd').mockReturnValue(directory)
    const backend = fsBackend('store')
    here.mockRestore()
    await (await backend.create('a')).close()
    expect(readdirSync(join(directory, 'store'))).toEqual(['a'])
  })

  test('refuses a path that is none, and modes that are none', () => {
    for (const path of ['', undefined, 7, {}]) expect(() => fsBackend(path as string)).toThrow(TypeError)
    for (const mode of [-1, 0o1000, 0.5, '600']) {
      expect(() => fsBackend('x', { fileMode: mode as number })).toThrow(/fileMode/)
      expect(() => fsBackend('x', { directoryMode: mode as number })).toThrow(/directoryMode/)
    }
  })

  test.runIf(posix)('gives its owner alone access to what it makes', async () => {
    const path = join(temporaryDirectory(), 'above', 'store')
    const backend = fsBackend(path)
    await backend.lock()
    await backend.create('a')
    expect(modeOf(join(path, 'a'))).toBe(0o600)
    expect(modeOf(join(path, '.lock'))).toBe(0o600)
    expect(modeOf(path)).toBe(0o700)
    expect(modeOf(join(path, '..'))).toBe(0o700)
  })

  test.runIf(posix)('makes files and directories with the permissions it is told, within the umask', async () => {
    const before = process.umask(0o027)
    onTestFinished(() => void process.umask(before))
    const path = join(temporaryDirectory(), 'store')
    const backend = fsBackend(path, { fileMode: 0o664, directoryMode: 0o775 })
    await backend.create('a')
    expect(modeOf(join(path, 'a'))).toBe(0o640)
    expect(modeOf(path)).toBe(0o750)
  })

  test.runIf(posix)('leaves the permissions of a directory that is there as they are', async () => {
    const path = join(temporaryDirectory(), 'store')
    mkdirSync(path)
    chmodSync(path, 0o755)
    await fsBackend(path).lock()
    expect(modeOf(path)).toBe(0o755)
  })

  test('names directories and files that are none of its own, so that nobody takes their names', async () => {
    const path = temporaryDirectory()
    mkdirSync(join(path, 'data00000.dat'))
    writeFileSync(join(path, 'notes of mine.txt'), 'x')
    const backend = fsBackend(path)
    expect([...(await backend.list())].sort()).toEqual(['data00000.dat', 'notes of mine.txt'])
    await expect(backend.create('data00000.dat')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })

  test('looks into no directory in its own', async () => {
    const path = temporaryDirectory()
    mkdirSync(join(path, 'deeper'))
    writeFileSync(join(path, 'deeper', 'data00000.dat'), 'x')
    expect(await fsBackend(path).list()).toEqual(['deeper'])
  })

  test('says what is in the way where the path is no directory', async () => {
    const path = join(temporaryDirectory(), 'file')
    writeFileSync(path, 'x')
    for (const backend of [fsBackend(path), fsBackend(join(path, 'below'))]) {
      for (const call of [() => backend.lock(), () => backend.create('a')]) {
        await expect(call()).rejects.toMatchObject({ name: 'BackendError', code: 'UNSUPPORTED', message: expect.stringContaining(path) })
      }
    }
    await expect(fsBackend(path).list()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  describe('where something other than a file has the name', () => {
    async function expectRefusal(path: string, name: string): Promise<void> {
      const backend = fsBackend(path)
      const refusal = { name: 'BackendError', code: 'UNSUPPORTED', message: expect.stringContaining(name) }
      await expect(backend.open(name)).rejects.toMatchObject(refusal)
      expect(() => backend.openSync?.(name)).toThrow(expect.objectContaining(refusal))
      await expect(backend.create(name)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    }

    test.runIf(posix)('follows no link, to a file or to nowhere', async () => {
      const path = temporaryDirectory()
      writeFileSync(join(path, 'target'), 'x')
      symlinkSync(join(path, 'target'), join(path, 'link'))
      symlinkSync(join(path, 'nowhere'), join(path, 'dangling'))
      await expectRefusal(path, 'link')
      await expectRefusal(path, 'dangling')
      expect(existsSync(join(path, 'nowhere'))).toBe(false)
    })

    test.runIf(posix)('does not wait for the other end of a pipe', async () => {
      const path = temporaryDirectory()
      execFileSync('mkfifo', [join(path, 'pipe')])
      await expectRefusal(path, 'pipe')
    })

    test.runIf(posix)('opens no socket', async () => {
      const path = temporaryDirectory()
      const server = createServer().listen(join(path, 'socket'))
      await new Promise((resolve) => server.once('listening', resolve))
      await expectRefusal(path, 'socket')
      await new Promise((resolve) => server.close(resolve))
    })

    test('opens no directory', async () => {
      const path = temporaryDirectory()
      mkdirSync(join(path, 'directory'))
      await expectRefusal(path, 'directory')
    })

    test.runIf(posix)('locks no link and no pipe in the place of the lock file', async () => {
      for (const make of [(path: string) => symlinkSync('elsewhere', path), (path: string) => execFileSync('mkfifo', [path])]) {
        const path = temporaryDirectory()
        make(join(path, '.lock'))
        await expect(fsBackend(path).lock()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
        expect(existsSync(join(path, 'elsewhere'))).toBe(false)
      }
    })
  })

  describe('destroy', () => {
    test('removes the directory with the lock file in it', async () => {
      const path = join(temporaryDirectory(), 'store')
      const backend = fsBackend(path)
      await (await backend.lock()).release()
      expect(readdirSync(path)).toEqual(['.lock'])
      await backend.destroy()
      expect(existsSync(path)).toBe(false)
    })

    test('removes an empty directory that never held a store', async () => {
      const path = join(temporaryDirectory(), 'store')
      mkdirSync(path)
      await fsBackend(path).destroy()
      expect(existsSync(path)).toBe(false)
    })

    test('leaves whatever is not its own', async () => {
      const path = temporaryDirectory()
      writeFileSync(join(path, 'theirs'), 'x')
      await (await fsBackend(path).lock()).release()
      await fsBackend(path).destroy()
      expect(readFileSync(join(path, 'theirs'), 'utf8')).toBe('x')
      await (await fsBackend(path).lock()).release()
    })

    test('makes no directory in order to remove it', async () => {
      const path = join(temporaryDirectory(), 'above', 'store')
      await fsBackend(path).destroy()
      expect(existsSync(join(path, '..'))).toBe(false)
    })

    test.runIf(posix)('leaves a link to a directory', async () => {
      const directory = temporaryDirectory()
      mkdirSync(join(directory, 'real'))
      symlinkSync(join(directory, 'real'), join(directory, 'link'))
      const backend = fsBackend(join(directory, 'link'))
      await (await backend.lock()).release()
      await backend.destroy()
      expect(readdirSync(join(directory, 'real'))).toEqual([])
      await (await backend.create('a')).close()
      expect(readdirSync(join(directory, 'real'))).toEqual(['a'])
    })
  })

  test('takes chunks and targets over a SharedArrayBuffer', async () => {
    const file = await fsBackend(temporaryDirectory()).create('a')
    const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8)
    shared.set(bytes('shared!!'))
    await file.append([shared, shared.subarray(0, 2)], 0)
    shared.fill(0)
    expect(await file.read(shared, 2)).toBe(8)
    expect([...shared]).toEqual([...bytes('ared!!sh')])
    await file.close()
  })
})
