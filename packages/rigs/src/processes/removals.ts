import type { Location } from '@varve/core'

/** A removal, as the store was asked for it. */
export interface Removal {
  readonly kind: 'ltrim' | 'rtrim' | 'drop'
  readonly index: number
  /** The first item to keep, or to remove; 0 with `drop`. */
  readonly position: number
}

export function covers({ kind, index, position }: Removal, location: Location): boolean {
  if (location.index !== index) return false
  return kind === 'drop' || location.position < position === (kind === 'ltrim')
}

/** What is left of each file: positions from `left` on, below `right`. */
class Extents {
  readonly #byIndex = new Map<number, { readonly left: number; readonly right: number }>()

  cut({ kind, index, position }: Removal): void {
    const { left, right } = this.#byIndex.get(index) ?? { left: 0, right: Number.POSITIVE_INFINITY }
    this.#byIndex.set(index, {
      left: kind === 'ltrim' ? Math.max(left, position) : left,
      right: kind === 'drop' ? 0 : kind === 'rtrim' ? Math.min(right, position) : right,
    })
  }

  isCut({ index, position }: Location): boolean {
    const extent = this.#byIndex.get(index)
    return extent !== undefined && (position < extent.left || position >= extent.right)
  }

  isAnyCut(first: number, last: number): boolean {
    for (const index of this.#byIndex.keys()) if (index >= first && index <= last) return true
    return false
  }
}

/** What was removed, and what may have been. */
export class Removals {
  readonly #done = new Extents()
  readonly #begun = new Extents()

  /** It was asked for. Whether an interruption has left it done can't always be told, where nobody was told of what it removes. */
  begin(removal: Removal): void {
    this.#begun.cut(removal)
  }

  /** It is done: its places hold nothing for ever. */
  end(removal: Removal): void {
    this.#done.cut(removal)
  }

  /** Whether what was there is removed for certain. */
  cover(location: Location): boolean {
    return this.#done.isCut(location)
  }

  mayCover(location: Location): boolean {
    return this.#begun.isCut(location)
  }

  /** Whether something may have been removed of one of the files from `first` to `last`. */
  mayTouch(first: number, last: number): boolean {
    return this.#begun.isAnyCut(first, last)
  }
}
