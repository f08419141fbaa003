import { onFirstUse } from '../on-first-use.js'
import type { Batch } from './file-scanner.js'
import type { scanSalvaging } from './salvaging-scan.js'
import type { scanBackward } from './scan-backward.js'
import { ScanBounds } from './scan-bounds.js'
import { scanForward } from './scan-forward.js'
import type { Scan, ScannedItem, ScannedLocation, ScanOptions } from './scan-options.js'
import type { ScanSource } from './scan-source.js'

/** Iterates over items. An iterator of its own instead of a generator: an item that was read already costs one promise, not four. */
class ScanIterator<T extends ScannedLocation> implements Scan<T> {
  readonly #batches: AsyncGenerator<Batch, void, void>
  #items: Batch = []
  #next = 0
  /** Calls of `next` are answered in order, even where the caller does not await one before the other. */
  #loading: Promise<IteratorResult<T>> | undefined
  readonly #closing: AbortController

  constructor(batches: AsyncGenerator<Batch, void, void>, closing: AbortController) {
    this.#batches = batches
    this.#closing = closing
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#loading) return this.#after(this.#loading)
    const result = this.#take()
    return result ? Promise.resolve(result) : this.#load()
  }

  async return(): Promise<IteratorResult<T>> {
    this.#items = []
    this.#next = 0
    // Wakes a `next` that waits for what is yet to come: it is answered that nothing comes.
    this.#closing.abort(CLOSED)
    await this.#batches.return()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  batches(): AsyncIterableIterator<readonly T[]> {
    let last: Promise<unknown> = Promise.resolve()
    const next = async (): Promise<IteratorResult<readonly T[]>> => {
      const { done, value } = await this.next()
      if (done) return END
      const items = this.#items as readonly ScannedLocation[] as readonly T[]
      const batch = this.#next === 1 ? items : [value, ...items.slice(this.#next)]
      this.#next = items.length
      return { done: false, value: batch }
    }
    const batches: AsyncIterableIterator<readonly T[]> = {
      next: () => {
        const result = last.then(next, next)
        last = result
        return result
      },
      return: async () => {
        await this.return()
        return END
      },
      [Symbol.asyncIterator]: () => batches,
    }
    return batches
  }

  #take(): IteratorResult<T> | undefined {
    const value = this.#items[this.#next] as T | undefined
    if (!value) return undefined
    this.#next++
    return { done: false, value }
  }

  async #after(loading: Promise<unknown>): Promise<IteratorResult<T>> {
    await loading.catch(() => undefined)
    return this.next()
  }

  #load(): Promise<IteratorResult<T>> {
    const loading = this.#loadBatch().finally(() => {
      this.#loading = undefined
    })
    this.#loading = loading
    return loading
  }

  async #loadBatch(): Promise<IteratorResult<T>> {
    const { done, value } = await this.#batches.next().catch((error: unknown) => {
      // Lets go of the caller's signal, which may live much longer.
      this.#closing.abort(CLOSED)
      if (error === CLOSED) return END
      throw error
    })
    if (done) {
      this.#closing.abort(CLOSED)
      return { done: true, value: undefined }
    }
    this.#items = value
    this.#next = 0
    return this.#take() as IteratorResult<T>
  }
}

// Most scans go forwards over whole files: what the others need is loaded for the first of them.
const loadBackward = onFirstUse(() => import('./scan-backward.js'))
const loadSalvaging = onFirstUse(() => import('./salvaging-scan.js'))

export async function loadScans(): Promise<void> {
  await Promise.all([loadBackward(), loadSalvaging()])
}

async function* loadAndScanBackward(...args: Parameters<typeof scanBackward>): AsyncGenerator<Batch, void, void> {
  const { scanBackward } = await loadBackward()
  yield* scanBackward(...args)
}

async function* loadAndScanSalvaging(...args: Parameters<typeof scanSalvaging>): AsyncGenerator<Batch, void, void> {
  const { scanSalvaging } = await loadSalvaging()
  yield* scanSalvaging(...args)
}

export function scan(source: ScanSource, options: ScanOptions, withData: true): Scan<ScannedItem>
export function scan(source: ScanSource, options: ScanOptions, withData: false): Scan<ScannedLocation>
export function scan(source: ScanSource, options: ScanOptions, withData: boolean): Scan<ScannedLocation> {
  const closing = new AbortController()
  const { signal } = options
  if (signal?.aborted) closing.abort(signal.reason)
  signal?.addEventListener('abort', () => closing.abort(signal.reason), { once: true, signal: closing.signal })
  const bounds = new ScanBounds(options)
  const { onDamage } = options
  const inner = { ...options, signal: closing.signal }
  const batches = onDamage
    ? loadAndScanSalvaging(source, bounds, { ...inner, onDamage }, withData)
    : (options.reverse ? loadAndScanBackward : scanForward)(source, bounds, inner, withData)
  return new ScanIterator(batches, closing)
}

const CLOSED = Symbol('closed')
const END = { done: true, value: undefined } as const
