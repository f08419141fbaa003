import type { VarveError } from './errors.js'
import type { Location } from './location.js'

interface Stamped {
  /** When it happened, in milliseconds since the Unix epoch. */
  readonly timestamp: number
}

/** The store runs. */
export interface StartEvent extends Stamped {
  /** The sequence that the next item gets. */
  readonly nextSequence: number
}

/** The store has stopped; all that was added is durable. */
export interface StopEvent extends Stamped {
  readonly nextSequence: number
}

/** Items were laid down in a data file. */
export interface WriteEvent extends Stamped {
  /** The data file. */
  readonly index: number
  /** Where in it the bytes laid down begin, headers included. */
  readonly position: number
  /** How many bytes were laid down, headers included. */
  readonly bytes: number
  /** How many items. */
  readonly count: number
  /** The sequence of the first of them. */
  readonly sequence: number
  /** Whether they are on stable storage. With `durability: 'os'` a later `sync` event says from when on. */
  readonly durable: boolean
  /** Their locations, in order. */
  locations(): readonly Location[]
}

/** All items before `sequence` are on stable storage. Comes after the `write` events that it is about. */
export interface SyncEvent extends Stamped {
  readonly sequence: number
}

/** A file was closed and the next one begun. */
export interface RotateEvent extends Stamped {
  /** The file that was closed. */
  readonly from: number
  /** The file that adds go to now. */
  readonly to: number
}

/** A start found a torn tail and cut it off. */
export interface RecoverEvent extends Stamped {
  /** What was cut, file by file, in the order of cutting. */
  readonly cut: readonly RecoveredCut[]
}

export interface RecoveredCut {
  /** The data file. */
  readonly index: number
  /** From where on, logically; 0 with `removed` for a whole file. */
  readonly position: number
  /** How many bytes. */
  readonly bytes: number
  /** The file as a whole was removed. */
  readonly removed: boolean
  /** The name under which the bytes were kept in the store's container; absent where they were all zero or could not be kept. */
  readonly savedAs?: string
}

/** Part of a file was removed. */
export interface TrimEvent extends Stamped {
  readonly index: number
  /** Which side was cut off: what lies before `position`, or what begins there. */
  readonly side: 'left' | 'right'
  readonly position: number
  /** How many bytes of items were removed. */
  readonly bytes: number
}

/** A whole file was removed. */
export interface DestroyIndexEvent extends Stamped {
  readonly index: number
  /** The length in bytes that the file had. */
  readonly size: number
}

/** The store was removed. */
export interface DestroyDbEvent extends Stamped {}

/** A named cursor was moved, or forgotten; that is on stable storage. */
export interface CursorEvent extends Stamped {
  /** Its name. */
  readonly cursor: string
  /** The sequence of the first item that is not committed; undefined where the cursor was removed. */
  readonly position: number | undefined
}

/** A replication has brought its copy further. */
export interface ReplicateEvent extends Stamped {
  /** What the copy is in, as its backend describes it. */
  readonly destination: string
  /** Every item before it that the store still has is in the copy, on stable storage. */
  readonly sequence: number
  /** Every item before it is on stable storage in the store. */
  readonly durableSequence: number
  /** Bytes that this replication has written so far. */
  readonly copiedBytes: number
}

/** Something failed. */
export interface FailureEvent extends Stamped {
  readonly error: VarveError | Error
  /** Whether the store is now in state `failed`. Otherwise it goes on. */
  readonly fatal: boolean
}

export interface VarveEvents {
  readonly start: StartEvent
  readonly stop: StopEvent
  readonly write: WriteEvent
  readonly sync: SyncEvent
  readonly rotate: RotateEvent
  readonly recover: RecoverEvent
  readonly trim: TrimEvent
  readonly destroyIndex: DestroyIndexEvent
  readonly destroyDb: DestroyDbEvent
  readonly cursor: CursorEvent
  readonly replicate: ReplicateEvent
  readonly failure: FailureEvent
}

export type VarveEventName = keyof VarveEvents

export const EVENT_NAMES = Object.keys({
  start: true,
  stop: true,
  write: true,
  sync: true,
  rotate: true,
  recover: true,
  trim: true,
  destroyIndex: true,
  destroyDb: true,
  cursor: true,
  replicate: true,
  failure: true,
} satisfies Record<VarveEventName, true>) as readonly VarveEventName[]

export type Listener<Name extends VarveEventName> = (event: VarveEvents[Name]) => unknown
