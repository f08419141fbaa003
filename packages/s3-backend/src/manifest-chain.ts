import { BackendError } from '@varve/backend'
import { type Keys, numberOf } from './keys.js'
import { decodeManifest, EMPTY, encodeManifest, type Manifest } from './manifest.js'
import type { ObjectStore } from './object-store.js'
import { Turns } from './turns.js'

// So many commits of others may come between one's own and the look whether it was taken in.
const REMEMBERED = 64
const ATTEMPTS = 64

/**
 * The manifests, each put under the next number if that is free: so of several writers that change something at the same time one is
 * first, and the others go by what it made. The highest counts; those before it but one are deleted.
 */
export class ManifestChain {
  current: Manifest = EMPTY
  readonly #store: ObjectStore
  readonly #keys: Keys
  readonly #session: string
  readonly #where: string
  readonly #turns = new Turns()
  #commits = 0
  #isStale = false

  constructor(store: ObjectStore, keys: Keys, session: string, where: string) {
    this.#store = store
    this.#keys = keys
    this.#session = session
    this.#where = where
  }

  /** Takes in what others have changed; one list request where they have not. */
  async refresh(): Promise<void> {
    for (let looks = 0; looks < ATTEMPTS; looks++) {
      const newest = await this.#newestBehind(this.current.sequence)
      if (newest === undefined) return
      const bytes = await this.#store.get(this.#keys.manifest(newest))
      // Deleted since, so there is a newer one.
      if (!bytes) continue
      this.#adopt(decodeManifest(bytes, `${this.#where}: ${this.#keys.manifest(newest)}`))
      return
    }
    throw new BackendError('IO', `${this.#where}: its manifests change faster than they can be read`)
  }

  /**
   * Makes what `change` gives of the current manifest the next one, durably; nothing where it gives undefined. Where another writer was
   * first, `change` is asked again with what that one made. What it throws is passed on, and nothing has changed.
   */
  update(change: (current: Manifest) => Manifest | undefined): Promise<void> {
    return this.#turns.take(() => this.#update(change))
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#turns.done()
  }

  /** Whether the store really refuses to put an object where there is one. */
  async isGuarded(): Promise<boolean> {
    const { current } = this
    if (!(await this.#store.putNew(this.#keys.manifest(current.sequence), encodeManifest(current), ''))) return true
    // It may have been deleted since.
    await this.refresh()
    return this.current !== current
  }

  /** The names of manifests that no longer count. */
  async outdated(): Promise<string[]> {
    const keys: string[] = []
    for await (const page of this.#store.list(this.#keys.manifests)) {
      for (const { key } of page) if ((numberOf(key) ?? this.current.sequence) < this.current.sequence - 1) keys.push(key)
    }
    return keys
  }

  async #update(change: (current: Manifest) => Manifest | undefined): Promise<void> {
    if (this.#isStale) await this.refresh()
    this.#isStale = false
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const base = this.current
      const changed = change(base)
      if (!changed) return
      const token = `${this.#session}:${++this.#commits}`
      const next = { ...changed, sequence: base.sequence + 1, recent: [...base.recent.slice(1 - REMEMBERED), token] }
      // If it fails it may be there all the same, or arrive still.
      this.#isStale = true
      const key = this.#keys.manifest(next.sequence)
      const isNew = await this.#store.putNew(key, encodeManifest(next), token)
      // A writer that slept may have found its number free again because it was deleted: then a higher one is there.
      const isNewest = isNew && (await this.#newestBehind(next.sequence)) === undefined
      this.#isStale = false
      if (isNewest) {
        this.#adopt(next)
        this.#forget(next.sequence - 2)
        return
      }
      await this.refresh()
      if (this.current.recent.includes(token)) return
      if (isNew) this.#forget(next.sequence)
    }
    throw new BackendError('IO', `${this.#where}: another writer was first ${ATTEMPTS} times`)
  }

  async #newestBehind(sequence: number): Promise<number | undefined> {
    let newest: number | undefined
    for await (const page of this.#store.list(this.#keys.manifests, sequence > 0 ? this.#keys.manifest(sequence) : '')) {
      for (const { key } of page) newest = numberOf(key) ?? newest
    }
    return newest
  }

  #adopt(manifest: Manifest): void {
    if (manifest.sequence > this.current.sequence) this.current = manifest
  }

  // If it fails, whoever takes the lock next tidies up.
  #forget(sequence: number): void {
    if (sequence > 0) void this.#store.delete(this.#keys.manifest(sequence)).catch(() => undefined)
  }
}
