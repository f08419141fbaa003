import { BackendError } from '@varve/backend'
import { messageOf, nameOf } from './opfs-error.js'
import { entryOf, parseEntry, type StoredName } from './stored-name.js'
import { type DirectoryHandle, type FileHandle, type LockManager, webNavigator } from './web-platform.js'

/** A file as its directory has it. */
export interface StoredFile extends StoredName {
  readonly handle: FileHandle
}

/** What is in a container: by name the file that has it, and those that another has taken the place of, which a crash left behind. */
export interface Listing {
  readonly files: Map<string, StoredFile>
  readonly outdated: readonly StoredFile[]
}

// A handle of a tab that has just died is given back a moment later; nobody else has reason to hold one.
const BUSY_RETRIES = 60
const BUSY_DELAY = 50

/** A directory of the origin-private file system, and who may change its names when. */
export class Container {
  /** From the root, see `containerPath`. */
  readonly path: string
  readonly #segments: readonly string[]

  constructor(path: string) {
    this.path = path
    this.#segments = path.slice(1).split('/')
  }

  /** Runs `action` while nobody in any tab changes a name here, or (`exclusive`) looks at them either. */
  names<T>(mode: 'exclusive' | 'shared', action: () => Promise<T>): Promise<T> {
    return lockManager().request(`varve-opfs-names ${this.path}`, { mode }, action)
  }

  /** The directory, or undefined where there is none. */
  async find(): Promise<DirectoryHandle | undefined> {
    try {
      return await this.#descend(this.#segments, false)
    } catch (error) {
      if (nameOf(error) === 'NotFoundError') return undefined
      throw error
    }
  }

  /** The directory, made where there is none. */
  make(): Promise<DirectoryHandle> {
    return this.#descend(this.#segments, true)
  }

  async read(): Promise<Listing> {
    const files = new Map<string, StoredFile>()
    const outdated: StoredFile[] = []
    const directory = await this.find()
    if (!directory) return { files, outdated }
    for await (const [entry, handle] of directory.entries()) {
      const stored = parseEntry(entry)
      if (!stored || handle.kind !== 'file') continue
      const file = { ...stored, handle }
      const other = files.get(file.name)
      if (other && other.generation > file.generation) outdated.push(file)
      else {
        if (other) outdated.push(other)
        files.set(file.name, file)
      }
    }
    return { files, outdated }
  }

  /** Removes a file's entry. */
  async removeEntry(stored: StoredName): Promise<void> {
    const directory = await this.find()
    await whenFree(async () => directory?.removeEntry(entryOf(stored)))
  }

  /** Removes the directory itself, unless anything is left in it. */
  async removeIfEmpty(): Promise<void> {
    if (!(await this.find())) return
    const parent = await this.#descend(this.#segments.slice(0, -1), false)
    try {
      await parent.removeEntry(this.#segments.at(-1) as string)
    } catch (error) {
      if (nameOf(error) !== 'InvalidModificationError' && nameOf(error) !== 'NotFoundError') throw error
    }
  }

  async #descend(segments: readonly string[], create: boolean): Promise<DirectoryHandle> {
    let directory = await root()
    for (const segment of segments) directory = await directory.getDirectoryHandle(segment, { create })
    return directory
  }
}

/** Calls again, for a while, as long as somebody has the file open; then rejects with what the browser says. */
export async function whenFree<T>(call: () => Promise<T>): Promise<T> {
  for (let retries = BUSY_RETRIES; ; retries--) {
    try {
      return await call()
    } catch (error) {
      if (nameOf(error) !== 'NoModificationAllowedError' || retries === 0) throw error
      await new Promise<void>((resolve) => void setTimeout(resolve, BUSY_DELAY))
    }
  }
}

/** The browser's locks. `UNSUPPORTED` where it has none, as in a page that was not loaded securely. */
export function lockManager(): LockManager {
  return webNavigator.locks ?? unsupported('Web Locks')
}

async function root(): Promise<DirectoryHandle> {
  if (typeof webNavigator.storage?.getDirectory !== 'function') unsupported('origin-private file system')
  try {
    return await webNavigator.storage.getDirectory()
  } catch (error) {
    // As in a frame without an origin, or where the person forbids storage.
    throw new BackendError('PERMISSION', `the browser gives no origin-private file system here: ${messageOf(error)}`, { cause: error })
  }
}

function unsupported(what: string): never {
  throw new BackendError(
    'UNSUPPORTED',
    `there is no ${what} here: it takes a current browser and a page loaded over https or from localhost`,
  )
}
