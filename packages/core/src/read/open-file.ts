import type { BackendFile } from '@varve/backend'
import { backendFailure, VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader, FORMAT_VERSION } from '../format/file-header.js'

/** What every file of a store has in common. */
export interface StoreIdentity {
  readonly storeId: Uint8Array
  readonly storeSeed: number
  readonly genesis: Uint8Array
}

/** That a file's header could not be read and had to be made out. */
export interface Rescue {
  readonly fault: VarveError
  readonly isSequenceKnown: boolean
}

const NO_SLOTS = new Int32Array(0)

/** A data file that is open, with what is known of it. Positions are logical but where the name says otherwise. */
export class OpenFile {
  readonly name: string
  readonly file: BackendFile
  readonly header: FileHeader
  /** Why its header can't be read: then `header` is what the rest of the file proves it to have been. */
  readonly headerFault: VarveError | undefined
  /** Whether the sequence in `header` is the one that it said. */
  readonly isSequenceKnown: boolean
  /** The logical end of what may be read. */
  end: number
  /** How many are using it now. */
  users = 0
  /** When it was used last, as a count of uses. */
  lastUse = 0
  /** It is to be closed when its last user is done. */
  retired = false
  /** Where its pages are in the cache: a slot's number and 1, or 0. */
  pageSlots = NO_SLOTS
  whenUnused: (() => void) | undefined

  constructor(name: string, file: BackendFile, header: FileHeader, physicalSize: number, rescue?: Rescue) {
    this.name = name
    this.file = file
    this.header = header
    this.headerFault = rescue?.fault
    this.isSequenceKnown = rescue?.isSequenceKnown ?? true
    this.end = this.logical(physicalSize)
  }

  get index(): number {
    return this.header.index
  }

  /** Beside a writer: sees how far the file reaches by now. */
  async refresh(): Promise<void> {
    try {
      this.end = this.logical(await this.file.size())
    } catch (error) {
      throw backendFailure(`read the size of ${this.name}`, error)
    }
  }

  logical(physical: number): number {
    return this.header.trimOffset + Math.max(0, physical - FILE_HEADER_BYTES)
  }

  physical(position: number): number {
    return FILE_HEADER_BYTES + position - this.header.trimOffset
  }
}

/** Whether two byte arrays hold the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** The header of a file of this store; an error by name for anything else. `identity` is undefined for the first file looked at. */
export function checkFileHeader(name: string, bytes: Uint8Array, index: number, genesis: Uint8Array, storeId?: Uint8Array): FileHeader {
  const header = decodeFileHeader(bytes)
  if (header === 'version') {
    throw new VarveError(
      'UNSUPPORTED_VERSION',
      `${name} was written by a newer version of Varve; this one reads format version ${FORMAT_VERSION}`,
    )
  }
  if (typeof header === 'string') {
    throw new VarveError('CORRUPT', `${name}: the file header at physical position 0 is damaged (${FAULTS[header]})`)
  }
  if (!sameBytes(header.genesis, genesis)) {
    throw new VarveError('GENESIS_MISMATCH', `${name} has the genesis bytes ${hex(header.genesis)}, expected ${hex(genesis)}`)
  }
  if (header.index !== index) {
    throw new VarveError('FOREIGN_FILE', `${name} is the file with index ${header.index} under another name; expected index ${index}`)
  }
  if (storeId && !sameBytes(header.storeId, storeId)) {
    throw new VarveError('FOREIGN_FILE', `${name} belongs to the store ${hex(header.storeId)}, expected ${hex(storeId)}`)
  }
  return header
}

const FAULTS = {
  short: 'fewer than 64 bytes',
  magic: 'it does not begin with the magic bytes',
  checksum: 'its checksum is wrong',
  fields: 'its fields contradict each other',
} as const

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Whether everything that ever started there was cut off the file's beginning; the header that stands before the first kept item counts to it. */
export function isTrimmedAway({ header }: OpenFile, position: number): boolean {
  return header.dropped || (header.trimOffset > 0 && position < header.trimOffset + BLOCK_HEADER_BYTES)
}
