import { type Keys, numberOf } from './keys.js'
import type { Run } from './manifest.js'
import type { ObjectStore } from './object-store.js'

/** The objects of one path, as far as they are known, in order and without a gap from `from` on. */
export class PartList {
  readonly path: string
  readonly from: number
  readonly #starts: number[] = []
  #end: number
  isFenced = false

  constructor(path: string, from: number) {
    this.path = path
    this.from = from
    this.#end = from
  }

  get end(): number {
    return this.#end
  }

  get count(): number {
    return this.#starts.length
  }

  push(start: number, size: number): void {
    this.#starts.push(start)
    this.#end = start + size
  }

  /** Each object that holds bytes from `start` to before `end`, with where it begins and ends. */
  *between(start: number, end: number): Generator<{ readonly start: number; readonly end: number }> {
    for (let n = this.#indexOf(start); n < this.#starts.length && this.#startOf(n) < end; n++) {
      yield { start: this.#startOf(n), end: this.#starts[n + 1] ?? this.#end }
    }
  }

  /** Takes in what was added since, up to the first gap. Whether there was a gap. */
  async extend(store: ObjectStore, keys: Keys, until = Number.POSITIVE_INFINITY): Promise<boolean> {
    const prefix = keys.run(this.path)
    const after =
      this.#starts.length > 0
        ? keys.part(this.path, this.#startOf(this.#starts.length - 1))
        : this.from > 0
          ? keys.part(this.path, this.from - 1)
          : ''
    for await (const page of store.list(prefix, after)) {
      for (const { key, size } of page) {
        const position = numberOf(key)
        if (position === undefined || position < this.#end) continue
        if (position > this.#end) return true
        if (size === 0) this.isFenced = true
        else this.push(position, size)
        if (this.isFenced || this.#end >= until) return false
      }
    }
    return false
  }

  #startOf(n: number): number {
    return this.#starts[n] ?? this.#end
  }

  /** Which object holds the byte at `position`. */
  #indexOf(position: number): number {
    let low = 0
    let high = this.#starts.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#startOf(middle) <= position) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

/** The objects of a run. One that is cut in the middle of an object begins or ends in it. */
export async function listParts(store: ObjectStore, keys: Keys, run: Run): Promise<PartList> {
  const list = new PartList(run.path, run.start)
  await list.extend(store, keys, run.end)
  return list
}
