/** The names of a store's files. */
export class FileNaming {
  readonly prefix: string
  readonly padding: number
  /** How many files the digits can number. */
  readonly maxFiles: number

  constructor(prefix: string, padding: number) {
    this.prefix = prefix
    this.padding = padding
    this.maxFiles = 10 ** padding
  }

  dataFile(index: number): string {
    return `${this.prefix}${String(index).padStart(this.padding, '0')}.dat`
  }

  /** A rewrite of a data file that is under way. */
  temporary(index: number): string {
    return `.tmp.${this.dataFile(index)}`
  }

  /** What recovery cut off a data file. */
  cut(index: number, position: number): string {
    return `.cut.${this.dataFile(index)}.${position}`
  }

  /** What a repair set aside of a data file: the `n`-th of that name. */
  quarantine(index: number, position: number, n = 1): string {
    return `.quarantine.${this.dataFile(index)}.${position}${n > 1 ? `.${n}` : ''}`
  }

  /** The index that a data file's name says, or undefined where it is not the name of one of this store. */
  parseDataFile(name: string): number | undefined {
    const digits = name.slice(this.prefix.length, -DATA_SUFFIX.length)
    if (digits.length !== this.padding || !/^\d+$/.test(digits)) return undefined
    const index = Number(digits)
    return name === this.dataFile(index) ? index : undefined
  }

  isQuarantine(name: string): boolean {
    const match = /^\.quarantine\.(.+?\.dat)\.\d{1,10}(\.\d{1,4})?$/.exec(name)
    return this.parseDataFile(match?.[1] ?? '') !== undefined
  }

  isTemporary(name: string): boolean {
    if (!name.startsWith(TEMPORARY)) return false
    const target = name.slice(TEMPORARY.length)
    return this.parseDataFile(target) !== undefined || parseCursorFile(target) !== undefined
  }

  /** The file and position that the name of a cut says, or undefined where it is none. */
  parseCut(name: string): { readonly index: number; readonly position: number } | undefined {
    const match = /^\.cut\.(.+)\.(\d{1,10})$/.exec(name)
    const index = this.parseDataFile(match?.[1] ?? '')
    return index === undefined ? undefined : { index, position: Number(match?.[2]) }
  }
}

const DATA_SUFFIX = '.dat'
const TEMPORARY = '.tmp.'
const CURSOR_PREFIX = 'cursor-'

/** What the name of a cursor may be, for people. In lower case only: some media take two cases for one. */
export const CURSOR_NAME_RULE = '1 to 64 of a to z, 0 to 9, - and _, the first one a letter or a digit'

export function isCursorName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)
}

/** The file of a cursor. */
export function cursorFile(name: string): string {
  return `${CURSOR_PREFIX}${name}`
}

/** A cursor that is being written. */
export function temporaryCursorFile(name: string): string {
  return `${TEMPORARY}${cursorFile(name)}`
}

/** The cursor whose file has that name, or undefined where it is none. */
export function parseCursorFile(name: string): string | undefined {
  const cursor = name.startsWith(CURSOR_PREFIX) ? name.slice(CURSOR_PREFIX.length) : ''
  return isCursorName(cursor) ? cursor : undefined
}

/** Whether a store with some other prefix or padding could have given this name to a data file. */
export function looksLikeDataFile(name: string): boolean {
  return parseDataFileName(name) !== undefined
}

/** What the name of a data file says, of whichever prefix and padding. */
export interface DataFileName {
  readonly name: string
  readonly prefix: string
  readonly padding: number
  readonly index: number
}

/** The parts of a data file's name, or undefined where it is not the name of one. */
export function parseDataFileName(name: string): DataFileName | undefined {
  const match = /^([A-Za-z]{1,32})(\d{1,9})\.dat$/.exec(name)
  return match ? { name, prefix: match[1] as string, padding: (match[2] as string).length, index: Number(match[2]) } : undefined
}
