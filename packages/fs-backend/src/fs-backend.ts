import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assertFileName, BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import { type ContainerModes, destroyContainer, listContainer, lockContainer } from './container.js'
import { makeDirectory, syncDirectory, syncName } from './directory.js'
import { errnoOf, type FsErrorOptions, fsError } from './fs-error.js'
import { FsFile, type FsFileOptions } from './fs-file.js'
import { describeHolder } from './lock/lock-holder.js'
import { PromptReads } from './prompt-reads.js'
import { PromptWrites } from './prompt-writes.js'
import { close, open, rename, unlink } from './raw-fs.js'
import { SpaceAhead } from './space-ahead.js'

export interface FsBackendOptions {
  /** The permissions of a file that is created, before the process's umask: `0o600`, its owner's only. */
  readonly fileMode?: number
  /** The permissions of a directory that is created, before the process's umask: `0o700`, its owner's only. */
  readonly directoryMode?: number
  /**
   * Bytes of space that may be taken ahead in a file to which small items are durably added one after the other: zeros behind its end, which make the syncs that follow faster, as
   * the system need not write down that the file grew. Given back when the file is closed, and after a crash by the next writer. Default 1 MiB, at most 16 MiB; 0 takes none.
   */
  readonly spaceAhead?: number
  /**
   * After how many bytes that were appended to a file without a sync the disk begins with them, while more of them come: the sync in the end then finds most of them done. No promise
   * depends on it. Default 16 MiB, at least 1; `Infinity` leaves it to the system, which begins after some seconds.
   */
  readonly writebackAfter?: number
}

const MiB = 1024 * 1024

/**
 * Keeps a store's files in a directory, which is made when something is to be written. `path` is resolved at once: a later `chdir` changes nothing.
 *
 * A file that may be read but not written is opened for reading only, so a store can be read where it can't be changed.
 * What is not a regular file (a link, a pipe, a directory) is never opened: `UNSUPPORTED`.
 */
export function fsBackend(
  path: string | URL,
  { fileMode = 0o600, directoryMode = 0o700, spaceAhead = MiB, writebackAfter = 16 * MiB }: FsBackendOptions = {},
): FileBackend {
  if (!(path instanceof URL) && (typeof path !== 'string' || path === ''))
    throw new TypeError(`fsBackend: path must be a path or a file URL, not ${String(path)}`)
  assertMode('fileMode', fileMode)
  assertMode('directoryMode', directoryMode)
  if (!(Number.isInteger(spaceAhead) && spaceAhead >= 0 && spaceAhead <= MOST_AHEAD))
    throw new TypeError(`fsBackend: spaceAhead must be 0 to ${MOST_AHEAD} bytes, not ${String(spaceAhead)}`)
  if (!(typeof writebackAfter === 'number' && writebackAfter >= 1))
    throw new TypeError(`fsBackend: writebackAfter must be 1 byte or more, not ${String(writebackAfter)}`)
  return new FsBackend(path instanceof URL ? fileURLToPath(path) : path, { fileMode, directoryMode }, { spaceAhead, writebackAfter })
}

// O_NOFOLLOW refuses a link, O_NONBLOCK keeps a pipe from waiting for its other end. Windows has neither.
const { O_RDWR, O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
const readWrite = O_RDWR | O_NOFOLLOW | O_NONBLOCK
const readOnly = O_RDONLY | O_NOFOLLOW | O_NONBLOCK

// It is held in memory as zeros, and written in one go.
const MOST_AHEAD = 16 * MiB

const notWritable = new Set(['EACCES', 'EPERM', 'EROFS'])

class FsBackend implements FileBackend {
  readonly description: string
  readonly #path: string
  readonly #modes: ContainerModes
  /** What its files share. */
  readonly #files: FsFileOptions

  constructor(
    path: string,
    modes: ContainerModes,
    { spaceAhead, writebackAfter }: Required<Pick<FsBackendOptions, 'spaceAhead' | 'writebackAfter'>>,
  ) {
    this.description = `fs ${path}`
    this.#path = resolve(path)
    this.#modes = modes
    this.#files = { ahead: new SpaceAhead(spaceAhead), promptReads: new PromptReads(), promptWrites: new PromptWrites(), writebackAfter }
  }

  list(): Promise<readonly string[]> {
    return this.#run('list', () => listContainer(this.#path))
  }

  open(name: string): Promise<BackendFile> {
    return this.#run(`open ${name}`, async () => {
      const path = this.#pathOf(name)
      try {
        return this.#file(await open(path, readWrite), name, true)
      } catch (error) {
        if (!notWritable.has(errnoOf(error))) throw error
        return this.#file(await open(path, readOnly), name, false)
      }
    })
  }

  openSync(name: string): BackendFile {
    try {
      const path = this.#pathOf(name)
      try {
        return this.#file(openSync(path, readWrite), name, true)
      } catch (error) {
        if (!notWritable.has(errnoOf(error))) throw error
        return this.#file(openSync(path, readOnly), name, false)
      }
    } catch (error) {
      throw fsError(error, `${this.description}: open ${name}`)
    }
  }

  create(name: string): Promise<BackendFile> {
    return this.#run(`create ${name}`, async () => {
      // A store that makes its next file is done with the one before, and is to keep nothing there but what it wrote.
      this.#files.ahead.giveBack()
      const fd = await this.#create(this.#pathOf(name))
      try {
        // Some file systems make a name durable and not the file that it names.
        await syncName(fd, name)
        await syncDirectory(this.#path)
      } catch (error) {
        await close(fd)
        throw error
      }
      return new FsFile(fd, `${this.description}: ${name}`, true, this.#files)
    })
  }

  replace(from: string, to: string): Promise<void> {
    const replace = async () => {
      await rename(this.#pathOf(from), this.#pathOf(to))
      await syncDirectory(this.#path)
    }
    return this.#run(`replace ${to} by ${from}`, replace, { changesName: true })
  }

  remove(name: string): Promise<void> {
    const remove = async () => {
      await unlink(this.#pathOf(name))
      await syncDirectory(this.#path)
    }
    return this.#run(`remove ${name}`, remove, { changesName: true })
  }

  lock(): Promise<BackendLock> {
    return this.#run('lock', async () => {
      const lock = await lockContainer(this.#path, this.#modes)
      let released = false
      const release = async () => {
        if (released) return
        released = true
        await this.#run('release the lock', async () => lock.release())
      }
      return { description: describeHolder(lock.holder), release }
    })
  }

  destroy(): Promise<void> {
    return this.#run('destroy', () => destroyContainer(this.#path, this.#modes))
  }

  async #create(path: string): Promise<number> {
    try {
      return await open(path, 'wx+', this.#modes.fileMode)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      await makeDirectory(this.#path, this.#modes.directoryMode)
      return open(path, 'wx+', this.#modes.fileMode)
    }
  }

  #file(fd: number, name: string, writable: boolean): BackendFile {
    try {
      if (!fstatSync(fd).isFile()) throw new BackendError('UNSUPPORTED', `${this.description}: ${name} is not a regular file`)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    return new FsFile(fd, `${this.description}: ${name}`, writable, this.#files)
  }

  #pathOf(name: string): string {
    assertFileName(name, this.description)
    return join(this.#path, name)
  }

  async #run<T>(what: string, call: () => Promise<T>, options?: FsErrorOptions): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw fsError(error, `${this.description}: ${what}`, options)
    }
  }
}

function assertMode(option: string, mode: number): void {
  if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o777))
    throw new TypeError(`fsBackend: ${option} must be 0 to 0o777, not ${String(mode)}`)
}
