import type { ScanOptions, ScanPoint } from './scan-options.js'

/** Where an item or a block stands in the order of adding. */
export interface Standing {
  readonly index: number
  readonly position: number
  readonly sequence: number
  readonly timestamp: number
}

/** A range in the order of adding. */
export class ScanBounds {
  /** The lower end, and whether the item there is left out. */
  readonly lower: ScanPoint | undefined
  readonly #lowerOpen: boolean
  readonly upper: ScanPoint | undefined

  constructor({ from, after, to }: ScanOptions) {
    this.lower = from ?? after
    this.#lowerOpen = from === undefined
    this.upper = to
  }

  isBelow(item: Standing): boolean {
    if (!this.lower) return false
    const order = compare(item, this.lower)
    return order < 0 || (order === 0 && this.#lowerOpen)
  }

  isAbove(item: Standing): boolean {
    return this.upper !== undefined && compare(item, this.upper) >= 0
  }
}

/** Negative where the item comes before the point, 0 where it is at it, positive where it comes after. */
function compare(item: Standing, point: ScanPoint): number {
  if ('location' in point) return item.index - point.location.index || item.position - point.location.position
  return 'sequence' in point ? item.sequence - point.sequence : item.timestamp - point.time
}
