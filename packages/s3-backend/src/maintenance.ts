import type { Container } from './container.js'
import { liveParts, type Manifest } from './manifest.js'
import { merge, SMALL_PART } from './merge.js'
import type { Parts } from './parts.js'
import { Turns } from './turns.js'

/**
 * What the writer does beside its work: merging small parts, and deleting the objects that no run holds any more. Nothing depends on it:
 * whatever is left undone, by a crash or an error, is done by whoever holds the lock next.
 */
export class Maintenance {
  readonly #container: Container
  readonly #turns = new Turns()
  readonly #queued = new Set<string>()
  /** Folders that were cleaned up since the last manifest. */
  readonly #swept = new Set<string>()
  /** Up to where a file was merged, by its id. */
  readonly #mergedTo = new Map<string, number>()
  #stopping: AbortController | undefined

  constructor(container: Container) {
    this.#container = container
  }

  /** The lock was taken. */
  start(): void {
    this.#stopping = new AbortController()
    this.#mergedTo.clear()
    this.#enqueue('manifests', async (signal) => {
      const { chain, store } = this.#container
      for (const key of await chain.outdated()) await store.delete(key, signal)
    })
    this.committed()
  }

  /** Resolves when all that is to be done is done. */
  async whenIdle(): Promise<void> {
    while (this.#queued.size > 0) await this.#turns.done()
    await this.#turns.done()
  }

  /** Resolves when nothing is under way; what was waiting is left to the next holder of the lock. */
  async stop(): Promise<void> {
    this.#stopping?.abort()
    await this.#turns.done()
  }

  /** The same manifest without the marks of what is done by now. */
  settle(manifest: Manifest): Manifest {
    const trash = new Set([...manifest.trash].filter((folder) => !this.#swept.has(folder)))
    const files = new Map(manifest.files)
    for (const [name, { loose, ...entry }] of manifest.files) {
      const end = entry.runs[entry.runs.length - 1]?.end
      if (loose && end !== undefined && this.#mergedTo.get(entry.id) === end) files.set(name, entry)
    }
    return { ...manifest, files, trash }
  }

  /** There is a new manifest, made of a settled one: what it marks is still to be done. */
  committed(): void {
    this.#swept.clear()
    for (const folder of this.#container.chain.current.trash) this.#enqueue(`sweep ${folder}`, (signal) => this.#sweep(folder, signal))
  }

  /** Something was appended. Where that begins a new file, those before it are taken for finished and merged. */
  appended(parts: Parts, bytes: number): void {
    if (parts.isFresh) {
      parts.isFresh = false
      for (const { id, loose } of this.#container.chain.current.files.values()) if (loose && id !== parts.id) this.#enqueueMerge(id)
    }
    if (bytes < SMALL_PART && ++parts.small >= this.#container.options.partsPerMerge) {
      parts.small = 0
      this.#enqueueMerge(parts.id)
    }
  }

  #enqueueMerge(id: string): void {
    this.#enqueue(`merge ${id}`, async (signal) => {
      const end = await merge(this.#container, id, this.#mergedTo.get(id), signal)
      if (end !== undefined) this.#mergedTo.set(id, end)
    })
  }

  async #sweep(folder: string, signal: AbortSignal): Promise<void> {
    const { store, keys, chain } = this.#container
    const found: { readonly key: string; readonly path: string; readonly position: number; readonly size: number }[] = []
    for await (const page of store.list(keys.folder(folder))) {
      for (const { key, size } of page) {
        const part = keys.partOf(key)
        // An empty one is a fence, and stays: the writer that it keeps out may have slept all the time.
        if (part && size > 0) found.push({ key, size, ...part })
      }
      signal.throwIfAborted()
    }
    // Only now: a run is in the manifest before its first object is put.
    const isLive = liveParts(chain.current)
    const dead = found.filter(({ path, position, size }) => !isLive(path, position, size))
    await Promise.all(dead.map(({ key }) => store.delete(key, signal)))
    this.#swept.add(folder)
  }

  #enqueue(name: string, action: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#stopping ?? {}
    if (!signal || signal.aborted || !this.#container.isSoleWriter || this.#queued.has(name)) return
    this.#queued.add(name)
    const turn = this.#turns.take(async () => {
      this.#queued.delete(name)
      if (!signal.aborted && this.#container.isSoleWriter) await action(signal)
    })
    // It is tried again when there is a next occasion.
    turn.catch(() => undefined)
  }
}
