import { assertFileName, BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
import { fs, Volume } from 'memfs'
import { errnoOf, memoryError } from './memory-error.js'
import { MemoryFile } from './memory-file.js'
import { assertUnlocked, takeMemoryLock } from './memory-lock.js'

export interface MemoryBackendOptions {
  /** The volume that holds the files: its own by default. Hand one in to share the files with code that uses memfs itself. */
  readonly volume?: Volume
  /** The directory within the volume, absolute: `/varve`. */
  readonly path?: string
}

/** A backend whose files are in a memfs volume. */
export interface MemoryBackend extends FileBackend {
  /** The volume that holds the files, to look at them, or to open them again with another backend. */
  readonly volume: Volume
  openSync(name: string): BackendFile
}

/**
 * Keeps a store's files in memory. They live as long as their volume: another backend on the same volume and path finds them, and
 * excludes it as a writer; two volumes know nothing of each other. It holds no timers and no handles of the system, so
 * there is nothing to clean up. A power loss takes everything: "durable" means that the bytes are in the volume.
 */
export function memoryBackend({ volume = new Volume(), path = '/varve' }: MemoryBackendOptions = {}): MemoryBackend {
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw new TypeError(`memoryBackend: path must be absolute, as /varve, not ${String(path)}`)
  return new VolumeBackend(volume, path.replace(/\/+$/, '') || '/')
}

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants
const opened = O_RDWR | O_NOFOLLOW
const created = O_RDWR | O_CREAT | O_EXCL

class VolumeBackend implements MemoryBackend {
  readonly description: string
  readonly volume: Volume
  readonly #path: string

  constructor(volume: Volume, path: string) {
    this.description = `memory ${path}`
    this.volume = volume
    this.#path = path
  }

  async list(): Promise<readonly string[]> {
    return this.#run('list', () => this.#names())
  }

  async open(name: string): Promise<BackendFile> {
    return this.openSync(name)
  }

  openSync(name: string): BackendFile {
    return this.#run(`open ${name}`, () => this.#file(name, this.volume.openSync(this.#pathOf(name), opened)))
  }

  async create(name: string): Promise<BackendFile> {
    return this.#run(`create ${name}`, () => this.#file(name, this.#create(this.#pathOf(name))))
  }

  async replace(from: string, to: string): Promise<void> {
    this.#run(`replace ${to} by ${from}`, () => {
      const source = this.#pathOf(from)
      const target = this.#pathOf(to)
      this.#assertFile(source, from)
      // memfs would keep the bytes of a file that a rename has taken the name of. Nobody can look in between: there is no await.
      if (this.volume.existsSync(target)) {
        this.#assertFile(target, to)
        this.volume.unlinkSync(target)
      }
      this.volume.renameSync(source, target)
    })
  }

  async remove(name: string): Promise<void> {
    this.#run(`remove ${name}`, () => this.volume.unlinkSync(this.#pathOf(name)))
  }

  async lock(): Promise<BackendLock> {
    return this.#run('lock', () => {
      this.volume.mkdirSync(this.#path, { recursive: true })
      return takeMemoryLock(this.volume, this.#realPath())
    })
  }

  async destroy(): Promise<void> {
    this.#run('destroy', () => {
      if (!this.volume.existsSync(this.#path)) return
      assertUnlocked(this.volume, this.#realPath())
      if (this.#path !== '/' && this.#names().length === 0) this.volume.rmdirSync(this.#path)
    })
  }

  #names(): readonly string[] {
    try {
      return this.volume.readdirSync(this.#path) as string[]
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }

  #create(path: string): number {
    try {
      return this.volume.openSync(path, created, 0o600)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      this.volume.mkdirSync(this.#path, { recursive: true })
      return this.volume.openSync(path, created, 0o600)
    }
  }

  // One directory has one lock, by whatever path it is reached.
  #realPath(): string {
    return String(this.volume.realpathSync(this.#path))
  }

  #file(name: string, fd: number): BackendFile {
    return new MemoryFile(this.volume, fd, `${this.description}: ${name}`)
  }

  #assertFile(path: string, name: string): void {
    if (!this.volume.lstatSync(path).isFile()) throw new BackendError('UNSUPPORTED', `${this.description}: ${name} is not a regular file`)
  }

  #pathOf(name: string): string {
    assertFileName(name, this.description)
    return `${this.#path === '/' ? '' : this.#path}/${name}`
  }

  #run<T>(what: string, call: () => T): T {
    try {
      return call()
    } catch (error) {
      throw memoryError(error, `${this.description}: ${what}`)
    }
  }
}
