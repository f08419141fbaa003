/** Whole objects that were written or read lately, up to so many bytes together. What is in it never changes: no key is ever used for other bytes. */
export class PartCache {
  readonly #limit: number
  readonly #parts = new Map<string, Uint8Array>()
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string): Uint8Array | undefined {
    const part = this.#parts.get(key)
    if (part) {
      this.#parts.delete(key)
      this.#parts.set(key, part)
    }
    return part
  }

  keep(key: string, part: Uint8Array): void {
    // One that would drive out most of the others is not worth it.
    if (part.length > this.#limit / 4 || this.#parts.has(key)) return
    this.#parts.set(key, part)
    this.#bytes += part.length
    for (const [oldest, { length }] of this.#parts) {
      if (this.#bytes <= this.#limit) return
      this.#parts.delete(oldest)
      this.#bytes -= length
    }
  }
}
