import type { FileSet } from '../read/file-set.js'
import type { OpenFile } from '../read/open-file.js'
import type { Place } from '../read/scan-source.js'
import type { Session } from '../session/session.js'

/** The end of what is proven to be durable in a store, and no transaction is cut by it. */
export interface DurableEnd extends Place {
  /** The sequence of the item that comes next. */
  readonly sequence: number
}

/** A store that is being copied while it is in use. */
export interface ReplicationSource {
  readonly session: Session
  /** How long to wait at least between two looks; 0 where {@link nextChange} tells. */
  readonly pause: number
  /** Undefined where nothing is proven to be there yet. */
  durableEnd(): Promise<DurableEnd | undefined>
  /** Resolves when there may be more to copy than when this was called. */
  nextChange(): Promise<void>
  /** Runs `action` with a data file, if it is there; {@link FILE_CHANGED} where another one takes its place meanwhile. */
  readonly withFile: FileSet['with']
  /** The copy has the file, up to its `end`. */
  noteCopied(open: OpenFile, end: number): void
  /** Indexes, up to `last`, of files that may not be any more what was copied. */
  takeChanged(last: number): Promise<readonly number[]>
  /** Whether cursors may have been moved since this was asked last. */
  takeCursorsMoved(): boolean
  /** Some could not be copied yet, as they are ahead of what was copied: they are taken up when more is durable. */
  noteCursorsMoved(): void
  release(): void
}

/** A file was trimmed or dropped while it was being copied. */
export const FILE_CHANGED = Symbol('file changed')
