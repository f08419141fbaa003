import type { BackendFile, BackendLock, FileBackend } from '@varve/backend'

const never = new Promise<never>(() => {})

/** A process that uses a disk, until it is killed: from then on nothing it asks for is done or answered, and its lock is free. What it wrote stays in the cache. */
export class MortalProcess implements FileBackend {
  readonly description: string
  readonly openSync?: (name: string) => BackendFile
  readonly #disk: FileBackend
  readonly #death = new AbortController()
  #lock: BackendLock | undefined

  constructor(disk: FileBackend) {
    this.#disk = disk
    this.description = disk.description
    const { openSync } = disk
    if (openSync) this.openSync = (name) => this.#mortal(openSync.call(disk, name))
  }

  kill(): void {
    if (this.#death.signal.aborted) return
    // The store that is left behind lets go of timers and hooks by this.
    this.#death.abort(new Error('the process was killed'))
    void this.#lock?.release()
  }

  async list(): Promise<readonly string[]> {
    return this.#alive(() => this.#disk.list())
  }

  async open(name: string): Promise<BackendFile> {
    return this.#alive(async () => this.#mortal(await this.#disk.open(name)))
  }

  async create(name: string): Promise<BackendFile> {
    return this.#alive(async () => this.#mortal(await this.#disk.create(name)))
  }

  async replace(from: string, to: string): Promise<void> {
    return this.#alive(() => this.#disk.replace(from, to))
  }

  async remove(name: string): Promise<void> {
    return this.#alive(() => this.#disk.remove(name))
  }

  async lock(): Promise<BackendLock> {
    return this.#alive(async () => {
      this.#lock = await this.#disk.lock()
      return { ...this.#lock, lost: this.#death.signal }
    })
  }

  async destroy(): Promise<void> {
    return this.#alive(() => this.#disk.destroy())
  }

  #mortal(file: BackendFile): BackendFile {
    const { readSync, sizeSync, readIfPrompt } = file
    return {
      ...(readSync && { readSync: (target, position) => readSync.call(file, target, position) }),
      ...(readIfPrompt && { readIfPrompt: (target, position) => readIfPrompt.call(file, target, position) }),
      ...(sizeSync && { sizeSync: () => sizeSync.call(file) }),
      size: () => this.#alive(() => file.size()),
      read: (target, position) => this.#alive(() => file.read(target, position)),
      append: (chunks, position) => this.#alive(() => file.append(chunks, position)),
      truncate: (size) => this.#alive(() => file.truncate(size)),
      sync: (rewriteFrom) => this.#alive(() => file.sync(rewriteFrom)),
      close: () => this.#alive(() => file.close()),
    }
  }

  #alive<T>(call: () => Promise<T>): Promise<T> {
    return this.#death.signal.aborted ? never : call()
  }
}
