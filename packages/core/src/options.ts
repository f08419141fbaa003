import { VarveError } from './errors.js'
import { BLOCK_HEADER_BYTES } from './format/block-header.js'
import { FILE_HEADER_BYTES } from './format/file-header.js'
import { CURSOR_NAME_RULE, isCursorName } from './format/file-name.js'
import { RECORD_HEADER_BYTES } from './format/record.js'
import { isBytes } from './item.js'
import { type Logger, silentLogger } from './logger.js'

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

/**
 * When what was added becomes durable without being asked to.
 * - `sync`: every flush is synced.
 * - `os`: a flush hands the bytes to the operating system; only durable adds, transactions, `flush()`, rotation and `stop` sync.
 */
export type Durability = 'sync' | 'os'

/**
 * Which files a store keeps. Where one of the limits is passed the oldest file is dropped as a whole, with its items, and so on until none is. The last file, which is added to, always stays. It is looked at when the store starts and whenever a
 * file is full, and where only age counts when the oldest is old enough. A drop is durable or, after a crash, not begun; `destroyIndex` tells of each. Needs no `overwrite`. A store opened with `readOnly` drops nothing.
 */
export interface RetentionOptions {
  /** Bytes of all data files together, headers included. As the last one goes on growing, the store has at most this and one `maxFileSize`. */
  readonly maxBytes?: number
  /** A file is dropped when its newest item is older than so many milliseconds. Items in the last file stay until it is full, however old they are. */
  readonly maxAge?: number
  /** Data files, the last one included. */
  readonly maxFiles?: number
  /** Drop only what so many replications of this program have in their copies. While fewer run nothing is dropped, and the limits may be passed. Default 0. */
  readonly replicas?: number
  /** Drop only what the cursors of these names have passed. While one of them is not there nothing is dropped. Default none. */
  readonly cursors?: readonly string[]
}

/** Sizes in bytes, times in milliseconds. */
export interface VarveOptions {
  /** No data file exceeds it. From 512 bytes to 4 GiB - 1. Default 128 MiB. */
  readonly maxFileSize?: number
  /** What the names of data files start with: 1 to 32 ASCII letters. Default `data`. */
  readonly filePrefix?: string
  /** How many digits the names of data files have, 1 to 9: a store has at most `10 ** filePadding` files. Default 5. */
  readonly filePadding?: number
  /** How many bytes in memory force a flush. At least 128, and a file must hold it. Never more than twice this is held. Default 4 MiB, or half of `maxFileSize` if that is less. */
  readonly maxBufferSize?: number
  /** How many bytes one transaction may stage. Default 256 MiB. */
  readonly maxTransactionSize?: number
  /** How many items in memory start a flush. Default 1000. */
  readonly maxBufferItems?: number
  /** The longest an item waits in memory before it is flushed. Default 30,000. */
  readonly flushInterval?: number
  /** When what was added becomes durable without being asked to. Default `sync`. */
  readonly durability?: Durability
  /**
   * After how long without a flush the store says in its file that all before is durable, by a closing block of 44 bytes: what is buffered then is flushed first. Who replicates it from another process copies its last flush then, and a start
   * after a crash finds nothing to recover. 0: only when it stops. Default 250.
   */
  readonly settleAfter?: number
  /** The longest an `add` waits for room, and `stop` for the last flush, before `TIMEOUT`. Default 30,000. */
  readonly timeout?: number
  /** How many backend reads may be under way at once. Default 32. */
  readonly concurrency?: number
  /** How many bytes of data files that were read are kept, for small items nearby and again; memory is taken as it is needed. Not used with `readOnly`. 0 keeps nothing. Default 64 MiB. */
  readonly cacheSize?: number
  /** Four bytes that mark the application's files; other ones are another store. Default the bytes of `VARV`. */
  readonly genesisBytes?: Uint8Array
  /** Make the store where there is none; `NOT_FOUND` otherwise. Default true. */
  readonly create?: boolean
  /** Allow `ltrim`, `rtrim`, `dropIndex` and `destroy`. Default false. */
  readonly overwrite?: boolean
  /** Which files are kept; the oldest ones beyond that are dropped. Default all. */
  readonly retention?: RetentionOptions
  /** Only read: no lock, no repair, no write; any number of such processes beside one writer. Default false. */
  readonly readOnly?: boolean
  /** Where the engine tells what it does. Default nowhere. */
  readonly logger?: Logger
}

/** All options with their values, frozen. */
export type ResolvedOptions = Required<VarveOptions>

const MAX_FILE_SIZE = 4 * GiB - 1
// The longest delay that a timer takes; longer ones would fire at once.
const MAX_DELAY = 2 ** 31 - 1
const GENESIS = Uint8Array.of(0x56, 0x41, 0x52, 0x56)

/** What a file of `maxFileSize` has for blocks: all but its header and the closing block. */
export function blockCapacity(maxFileSize: number): number {
  return maxFileSize - FILE_HEADER_BYTES - BLOCK_HEADER_BYTES
}

/** The largest item that a file of `maxFileSize` can hold. */
export function maxItemSize(maxFileSize: number): number {
  return blockCapacity(maxFileSize) - BLOCK_HEADER_BYTES - RECORD_HEADER_BYTES
}

/** Checks what was given and fills in the defaults. `INVALID_OPTION` names the option, its value and what is allowed. */
export function resolveOptions(given: VarveOptions = {}): ResolvedOptions {
  if (typeof given !== 'object' || given === null)
    throw new TypeError(`options are an object, not ${given === null ? 'null' : typeof given}`)
  const maxFileSize = integer(given, 'maxFileSize', 128 * MiB, 512, MAX_FILE_SIZE)
  const capacity = blockCapacity(maxFileSize)
  const resolved = {
    maxFileSize,
    filePrefix: text(given, 'filePrefix', 'data', /^[A-Za-z]{1,32}$/, '1 to 32 ASCII letters'),
    filePadding: integer(given, 'filePadding', 5, 1, 9),
    maxBufferSize: integer(given, 'maxBufferSize', Math.min(4 * MiB, Math.floor(maxFileSize / 2)), 128, capacity),
    maxTransactionSize: integer(given, 'maxTransactionSize', 256 * MiB, 1, Number.MAX_SAFE_INTEGER),
    maxBufferItems: integer(given, 'maxBufferItems', 1000, 1, Number.MAX_SAFE_INTEGER),
    flushInterval: integer(given, 'flushInterval', 30_000, 1, MAX_DELAY),
    durability: oneOf(given, 'durability', 'sync', ['sync', 'os']),
    settleAfter: integer(given, 'settleAfter', 250, 0, MAX_DELAY),
    timeout: integer(given, 'timeout', 30_000, 1, MAX_DELAY),
    concurrency: integer(given, 'concurrency', 32, 1, 65_536),
    cacheSize: integer(given, 'cacheSize', 64 * MiB, 0, 4 * GiB),
    genesisBytes: genesis(given),
    create: flag(given, 'create', true),
    overwrite: flag(given, 'overwrite', false),
    retention: retention(given),
    readOnly: flag(given, 'readOnly', false),
    logger: logger(given),
  } satisfies ResolvedOptions
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(resolved, name))
      throw new VarveError('INVALID_OPTION', `there is no option ${JSON.stringify(name)}; there are ${Object.keys(resolved).join(', ')}`)
  }
  return Object.freeze(resolved)
}

function invalid(name: string, value: unknown, allowed: string): never {
  throw new VarveError('INVALID_OPTION', `${name} is ${describe(value)}; allowed: ${allowed}`)
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64))
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (isBytes(value)) return `a Uint8Array of ${value.length} bytes`
  // What an object holds may be huge, or refer to itself.
  return typeof value === 'object' && value !== null ? `an object (${value.constructor?.name ?? 'without a constructor'})` : String(value)
}

function integer(given: VarveOptions, name: keyof VarveOptions, standard: number, least: number, most: number): number {
  const value = given[name] === undefined ? standard : given[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    invalid(name, value, `a whole number from ${least} to ${most}`)
  }
  return value
}

function text(given: VarveOptions, name: keyof VarveOptions, standard: string, pattern: RegExp, allowed: string): string {
  const value = given[name] === undefined ? standard : given[name]
  if (typeof value !== 'string' || !pattern.test(value)) invalid(name, value, allowed)
  return value
}

function oneOf<T extends string>(given: VarveOptions, name: keyof VarveOptions, standard: T, allowed: readonly T[]): T {
  const value = given[name] === undefined ? standard : given[name]
  const found = allowed.find((candidate) => candidate === value)
  return found ?? invalid(name, value, allowed.map((one) => JSON.stringify(one)).join(' or '))
}

function flag(given: VarveOptions, name: keyof VarveOptions, standard: boolean): boolean {
  const value = given[name] === undefined ? standard : given[name]
  if (typeof value !== 'boolean') invalid(name, value, 'true or false')
  return value
}

function genesis(given: VarveOptions): Uint8Array {
  const value: unknown = given.genesisBytes === undefined ? GENESIS : given.genesisBytes
  if (!isBytes(value) || value.length !== 4) invalid('genesisBytes', value, 'a Uint8Array of 4 bytes')
  return Uint8Array.from(value)
}

function retention(given: VarveOptions): RetentionOptions {
  const value: unknown = given.retention === undefined ? {} : given.retention
  const isPlain = typeof value === 'object' && value !== null && !Array.isArray(value) && !isBytes(value) && value.constructor !== undefined
  if (!isPlain) invalid('retention', value, 'an object of limits')
  const resolved: { -readonly [Name in keyof RetentionOptions]: RetentionOptions[Name] } = {}
  for (const [name, limit] of Object.entries(value)) {
    if (limit === undefined) continue
    if (name === 'cursors') resolved.cursors = cursorNames(limit)
    else if (Object.hasOwn(RETENTION_LEAST, name)) {
      const limited = name as keyof typeof RETENTION_LEAST
      resolved[limited] = limitOf(limited, limit, RETENTION_LEAST[limited])
    } else invalid('retention', `{ ${name} }`, `an object of ${[...Object.keys(RETENTION_LEAST), 'cursors'].join(', ')}`)
  }
  return Object.freeze(resolved)
}

const RETENTION_LEAST = { maxBytes: 1, maxAge: 1, maxFiles: 1, replicas: 0 } as const

function limitOf(name: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
    invalid(`retention.${name}`, value, `a whole number from ${least} to ${Number.MAX_SAFE_INTEGER}`)
  return value
}

function cursorNames(value: unknown): readonly string[] {
  if (!Array.isArray(value)) invalid('retention.cursors', value, 'an array of the names of cursors')
  for (const name of value) if (typeof name !== 'string' || !isCursorName(name)) invalid('retention.cursors', name, CURSOR_NAME_RULE)
  return Object.freeze([...value])
}

function logger(given: VarveOptions): Logger {
  const value = given.logger === undefined ? silentLogger : given.logger
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    if (typeof value?.[level] !== 'function') invalid('logger', value, 'an object with the functions debug, info, warn and error')
  }
  return value
}
