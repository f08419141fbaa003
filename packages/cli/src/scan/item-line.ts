import { formatLocation, type ScannedItem, type ScannedLocation } from '@varve/core'

/** What `--json` says of an item. */
export interface ItemValue {
  readonly location: string
  readonly sequence: number
  /** Milliseconds since the Unix epoch. */
  readonly timestamp: number
  readonly size: number
}

export function itemValue({ location, sequence, timestamp }: ScannedLocation): ItemValue {
  return { location: formatLocation(location), sequence, timestamp, size: location.size }
}

/** The same with the item's bytes, in base64. */
export function itemValueWithData(item: ScannedItem): ItemValue & { readonly data: string } {
  return { ...itemValue(item), data: base64(item.data) }
}

const WIDTHS = [26, 12, 24, 12] as const

export const LIST_HEADER = columns('location', 'sequence', 'time', 'size')

/** One line of a list, in columns: a table that has no end can't wait for its widest cell. */
export function listLine({ location, sequence, timestamp }: ScannedLocation): string {
  return columns(formatLocation(location), String(sequence), new Date(timestamp).toISOString(), String(location.size))
}

function columns(location: string, sequence: string, time: string, size: string): string {
  return `${location.padEnd(WIDTHS[0])}  ${sequence.padStart(WIDTHS[1])}  ${time.padEnd(WIDTHS[2])}  ${size.padStart(WIDTHS[3])}`
}

/** A name that sorts as the items were added. */
export function itemFileName(sequence: number): string {
  return `${String(sequence).padStart(12, '0')}.item`
}

function base64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}
