import type { ObjectStore } from './object-store.js'
import { PartCache } from './part-cache.js'
import type { Slice } from './parts.js'

// What is so small is fetched whole: its neighbours are likely to be wanted next, and a request costs more than the bytes.
const WHOLE = 256 * 1024

/** Bytes of parts, from memory where they are recent. */
export class PartReader {
  readonly #store: ObjectStore
  readonly #cache: PartCache
  readonly #fetching = new Map<string, Promise<Uint8Array | undefined>>()

  constructor(store: ObjectStore, cacheBytes: number) {
    this.#store = store
    this.#cache = new PartCache(cacheBytes)
  }

  keep(key: string, part: Uint8Array): void {
    this.#cache.keep(key, part)
  }

  /** The bytes of a slice, not the caller's to change; undefined where its object is gone. */
  async read({ key, start, end, from, to }: Slice, signal?: AbortSignal): Promise<Uint8Array | undefined> {
    const kept = this.#cache.get(key)
    if (!kept && end - start > WHOLE) return this.#store.get(key, { start: from - start, end: to - start }, signal)
    const part = kept ?? (await this.#whole(key))
    return part?.subarray(from - start, to - start)
  }

  #whole(key: string): Promise<Uint8Array | undefined> {
    const under = this.#fetching.get(key)
    if (under) return under
    const fetching = this.#fetch(key).finally(() => this.#fetching.delete(key))
    this.#fetching.set(key, fetching)
    return fetching
  }

  async #fetch(key: string): Promise<Uint8Array | undefined> {
    const part = await this.#store.get(key)
    if (part) this.#cache.keep(key, part)
    return part
  }
}
