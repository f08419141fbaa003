import type { ScanOptions, ScanPoint, Varve } from '@varve/core'
import { countOf, formatBytes } from '../terminal/quantities.js'

/** What is about to be removed, for the question whether it may be. */
export async function describeItems(store: Varve, options: ScanOptions): Promise<string> {
  let items = 0
  let bytes = 0
  for await (const { location } of store.locations({ ...options, onDamage: () => {} })) {
    items++
    bytes += location.size
  }
  return `${countOf(items, 'item')} with ${formatBytes(bytes)}`
}

/** The place of a file's first byte. */
export function beginningOf(index: number): ScanPoint {
  return { location: { index, position: 0, size: 1 } }
}
