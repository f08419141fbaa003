import { VarveError } from './errors.js'
import { checkBytes } from './item.js'

/**
 * Where an item is: given by `add`, taken by `read`. It never changes and is never given out twice for what was durable.
 * Three unsigned 32-bit numbers.
 */
export interface Location {
  /** The number of the data file. */
  readonly index: number
  /** The logical position of the item's record in it, in bytes. */
  readonly position: number
  /** The item's length in bytes, at least 1. */
  readonly size: number
}

/** The length of an encoded location in bytes. */
export const LOCATION_BYTES = 12

/** Twelve bytes: index, position, size, each an unsigned 32-bit little-endian number. */
export function encodeLocation(location: Location): Uint8Array {
  checkLocation(location)
  const bytes = new Uint8Array(LOCATION_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, location.index, true)
  view.setUint32(4, location.position, true)
  view.setUint32(8, location.size, true)
  return bytes
}

/** The inverse of {@link encodeLocation}. `INVALID_LOCATION` unless there are exactly 12 bytes, with a size of at least 1. */
export function decodeLocation(bytes: Uint8Array): Location {
  checkBytes(bytes, 'an encoded location')
  if (bytes.length !== LOCATION_BYTES) {
    throw new VarveError('INVALID_LOCATION', `a location is ${LOCATION_BYTES} bytes long, these are ${bytes.length}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const location = { index: view.getUint32(0, true), position: view.getUint32(4, true), size: view.getUint32(8, true) }
  checkLocation(location)
  return location
}

/** `index:position:size`, in decimal. */
export function formatLocation(location: Location): string {
  return `${location.index}:${location.position}:${location.size}`
}

/** The inverse of {@link formatLocation}. `INVALID_LOCATION` where the text is anything else. */
export function parseLocation(text: string): Location {
  if (typeof text !== 'string') throw new TypeError(`a location to parse is a string, not ${typeof text}`)
  const match = /^(0|[1-9]\d{0,9}):(0|[1-9]\d{0,9}):(0|[1-9]\d{0,9})$/.exec(text)
  if (!match) throw new VarveError('INVALID_LOCATION', `a location reads index:position:size, this is ${JSON.stringify(text.slice(0, 64))}`)
  const location = { index: Number(match[1]), position: Number(match[2]), size: Number(match[3]) }
  checkLocation(location)
  return location
}

/** Orders locations as their items were added. */
export function compareLocations(a: Location, b: Location): number {
  return a.index - b.index || a.position - b.position
}

/** `TypeError` for what is no location at all, `INVALID_LOCATION` for numbers that no location can have. */
export function checkLocation(location: Location): void {
  if (
    typeof location !== 'object' ||
    location === null ||
    typeof location.index !== 'number' ||
    typeof location.position !== 'number' ||
    typeof location.size !== 'number'
  ) {
    throw new TypeError(`a location is an object { index, position, size } of numbers, not ${describe(location)}`)
  }
  if (!isUint32(location.index) || !isUint32(location.position) || !isUint32(location.size) || location.size === 0) {
    throw new VarveError(
      'INVALID_LOCATION',
      `index, position and size are whole numbers up to 4294967295, size at least 1; got ${formatLocation(location)}`,
    )
  }
}

function isUint32(value: number): boolean {
  return value >>> 0 === value
}

function describe(value: unknown): string {
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value
  const { index, position, size } = value as Partial<Record<keyof Location, unknown>>
  return `{ index: ${typeof index}, position: ${typeof position}, size: ${typeof size} }`
}
