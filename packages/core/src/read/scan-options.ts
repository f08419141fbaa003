import { checkLocation, type Location } from '../location.js'
import type { Damage } from './damage.js'

/** A place in the order of adding. */
export type ScanPoint =
  | { readonly location: Location }
  /** The items' running number: 0 for the first one ever added. */
  | { readonly sequence: number }
  /** Milliseconds since the Unix epoch, as items were flushed. */
  | { readonly time: number }

export interface ScanOptions {
  /** Begin at this place, included. */
  readonly from?: ScanPoint
  /** Begin behind this place; the item there need not exist any more. */
  readonly after?: ScanPoint
  /** End before this place, itself not included. */
  readonly to?: ScanPoint
  /** The same items from the last to the first. Default false. */
  readonly reverse?: boolean
  /** Go on with what comes, until the store stops. Default false. */
  readonly follow?: boolean
  /** Show what is accepted and not durable yet too; a crash gives its sequences away again. Default false. */
  readonly buffered?: boolean
  /**
   * Called with each damaged extent, and the scan goes on behind it, with every item that is intact. Without it a scan ends at damage: with `CORRUPT`, `FILE_MISSING`, or what else is wrong with a file.
   * Such a scan reads all of a block before it shows an item of it, and so takes about twice as long.
   */
  readonly onDamage?: (damage: Damage) => void
  /** Ends it: the iteration throws the signal's reason. */
  readonly signal?: AbortSignal
}

export interface ScannedLocation {
  readonly location: Location
  /** The item's running number. */
  readonly sequence: number
  /** When it was flushed, in milliseconds since the Unix epoch; never less than the item before. */
  readonly timestamp: number
}

export interface ScannedItem extends ScannedLocation {
  /** The item's bytes. Items that were read together share memory: copy what is to be kept for long. */
  readonly data: Uint8Array
}

/** A scan under way, which gives the items one by one. */
export interface Scan<T extends ScannedLocation> extends AsyncIterableIterator<T> {
  /**
   * The rest of the items in arrays, each of what was read together, never empty: some 128 KiB of them, or a single larger one. The same items with the same guarantees, for less time where they are small, as each array costs one promise and not each item.
   * To leave a loop over the arrays ends the scan.
   */
  batches(): AsyncIterableIterator<readonly T[]>
}

const POINTS = ['location', 'sequence', 'time'] as const
const FLAGS = ['reverse', 'follow', 'buffered'] as const

/** `TypeError` for anything that is no scan. */
export function checkScanOptions(options: ScanOptions): void {
  for (const name of ['from', 'after', 'to'] as const) checkPoint(name, options[name])
  for (const name of FLAGS) {
    if (options[name] !== undefined && typeof options[name] !== 'boolean')
      throw new TypeError(`scan: ${name} is true or false, not ${String(options[name])}`)
  }
  if (options.onDamage !== undefined && typeof options.onDamage !== 'function')
    throw new TypeError(`scan: onDamage is a function, not ${typeof options.onDamage}`)
  if (options.from && options.after) throw new TypeError('scan: give from or after, not both')
  if (options.reverse && options.follow) throw new TypeError('scan: what is yet to come can only be followed forwards')
}

function checkPoint(name: string, point: ScanPoint | undefined): void {
  if (point === undefined) return
  const given = POINTS.filter((kind) => typeof point === 'object' && point !== null && kind in point)
  if (given.length !== 1) throw new TypeError(`scan: ${name} is one of { location }, { sequence } and { time }`)
  if ('location' in point) return checkLocation(point.location)
  const value = 'sequence' in point ? point.sequence : point.time
  if (typeof value !== 'number' || Number.isNaN(value)) throw new TypeError(`scan: ${name}.${given[0]} is a number, not ${String(value)}`)
}
