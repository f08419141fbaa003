import { readFile } from 'node:fs/promises'
import { decodeLocation, LOCATION_BYTES, type Location } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'

/** An item that the list of its owner names: where aiodiskdb put it. */
export interface ListedItem {
  readonly location: Location
  /** The line, or the number of the record, from 1. */
  readonly line: number
  /** SHA-256 of its bytes in hexadecimal, where the list has it. */
  readonly sha256?: string
  /** The list says that it was trimmed. */
  readonly isTrimmed: boolean
}

/** A line that can't be used, and why. */
export interface Refusal {
  readonly line: number
  readonly why: string
}

export interface LocationList {
  readonly items: readonly ListedItem[]
  readonly refusals: readonly Refusal[]
}

/** Reads a list of locations: lines of JSON with `index`, `position` and `size`, or records of 12 bytes, as aiodiskdb's `serialize` makes them. */
export async function readLocationList(path: string): Promise<LocationList> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' ? ExitCode.notFound : ExitCode.failed
    throw new CommandError(code, `the list of locations can't be read: ${cause.message}`, { cause })
  })
  const list = isText(bytes) ? parseLines(bytes.toString()) : parseRecords(bytes, path)
  if (list.items.length + list.refusals.length === 0) throw new CommandError(ExitCode.usage, `${path} lists no location`)
  return list
}

// The first record would have to begin with the index 0x7b or above, `{` in its first byte.
function isText(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB)
  if (first !== OPENING_BRACE) return false
  return bytes.length % LOCATION_BYTES !== 0 || !bytes.includes(0)
}

const SPACE = 0x20
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const TAB = 0x09
const OPENING_BRACE = 0x7b

function parseLines(text: string): LocationList {
  const items: ListedItem[] = []
  const refusals: Refusal[] = []
  for (const [n, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const parsed = parseLine(line)
    if (typeof parsed === 'string') refusals.push({ line: n + 1, why: parsed })
    else items.push({ ...parsed, line: n + 1 })
  }
  return { items, refusals }
}

function parseLine(line: string): Omit<ListedItem, 'line'> | string {
  let value: Partial<Record<'index' | 'position' | 'size' | 'sha256' | 'trimmed', unknown>>
  try {
    value = JSON.parse(line)
  } catch {
    return `it is no JSON: ${line.slice(0, 64)}`
  }
  const { index, position, size, sha256, trimmed } = value ?? {}
  if (!isNumber(index) || !isNumber(position) || !isNumber(size) || size === 0)
    return `it has no index, position and size that are whole numbers: ${line.slice(0, 64)}`
  if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256)))
    return 'its sha256 is not 64 hexadecimal digits'
  return { location: { index, position, size }, isTrimmed: trimmed === true, ...(sha256 !== undefined && { sha256: sha256.toLowerCase() }) }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && value >>> 0 === value
}

function parseRecords(bytes: Uint8Array, path: string): LocationList {
  if (bytes.length % LOCATION_BYTES !== 0) {
    const why = `${bytes.length} bytes long, which is no multiple of ${LOCATION_BYTES}`
    throw new CommandError(ExitCode.usage, `${path} is neither lines of JSON nor records of ${LOCATION_BYTES} bytes: it is ${why}`)
  }
  const items: ListedItem[] = []
  const refusals: Refusal[] = []
  for (let at = 0; at < bytes.length; at += LOCATION_BYTES) {
    const line = at / LOCATION_BYTES + 1
    try {
      items.push({ location: decodeLocation(bytes.subarray(at, at + LOCATION_BYTES)), line, isTrimmed: false })
    } catch (error) {
      refusals.push({ line, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return { items, refusals }
}
