import { BackendError } from '@varve/backend'
import { type StoredFile, whenFree } from './container.js'
import type { SyncAccessHandle } from './web-platform.js'

/**
 * A file of the container, as all have it in common that opened it through one backend. A browser gives a file out for writing once: this is who has it.
 */
export class SharedFile {
  /** What it is called now. */
  stored: StoredFile
  /** How many have it open. */
  users = 0
  #access: SyncAccessHandle | undefined
  #opening: Promise<SyncAccessHandle> | undefined
  #gone = false

  constructor(stored: StoredFile) {
    this.stored = stored
  }

  /** The way to read and write at once, where this backend has it already. */
  get access(): SyncAccessHandle | undefined {
    if (this.#gone) throw new BackendError('IO', `${this.stored.name} was removed, or another file has taken its place`)
    return this.#access
  }

  /** The same, taken where this backend does not have it: then nobody else can write. */
  async acquire(): Promise<SyncAccessHandle> {
    const { access } = this
    if (access) return access
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  /** Gives the way to write back. */
  close(): void {
    const access = this.#access
    this.#access = undefined
    access?.close()
  }

  /** Runs `action`, which a browser refuses while the file is open for writing. With an error the file is as it was. */
  async closedFor(action: () => Promise<void>, { goesAway }: { readonly goesAway: boolean }): Promise<void> {
    const wasOpen = this.#access !== undefined
    this.close()
    try {
      await action()
      this.#gone = goesAway
    } finally {
      if (wasOpen && this.users > 0 && !this.#gone) await this.acquire()
    }
  }

  async #open(): Promise<SyncAccessHandle> {
    const { handle, name } = this.stored
    if (typeof handle.createSyncAccessHandle !== 'function')
      throw new BackendError('UNSUPPORTED', `${name}: files are written in a dedicated worker only; on a page use opfsPageBackend`)
    const access = await whenFree(() => handle.createSyncAccessHandle!())
    this.#access = access
    return access
  }
}
