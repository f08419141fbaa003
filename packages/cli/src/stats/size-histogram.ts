/** Items whose sizes lie from `from` to before `to`, in bytes. */
export interface SizeBin {
  readonly from: number
  readonly to: number
  readonly items: number
  readonly bytes: number
}

/** Counts items by size, in bins that grow fourfold: 1, 4, 16, 64 bytes and so on. */
export class SizeHistogram {
  items = 0
  bytes = 0
  readonly #bins: { items: number; bytes: number }[] = []

  add(size: number): void {
    const n = Math.floor(Math.log2(size) / 2)
    while (this.#bins.length <= n) this.#bins.push({ items: 0, bytes: 0 })
    const bin = this.#bins[n] as { items: number; bytes: number }
    bin.items++
    bin.bytes += size
    this.items++
    this.bytes += size
  }

  /** From the smallest that holds items to the largest. */
  bins(): SizeBin[] {
    const bins = this.#bins.map((bin, n) => ({ from: 4 ** n, to: 4 ** (n + 1), ...bin }))
    return bins.slice(bins.findIndex(({ items }) => items > 0))
  }
}
