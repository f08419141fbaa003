import { BackendError } from '@varve/backend'
import { describeHolder, type LockHolder } from './lock-holder.js'

/** A lock file that this process holds. */
export interface HeldLock {
  readonly holder: LockHolder
  /** Gives the lock up. */
  release(): void
  /** Removes the lock file, while nobody else can have it, and gives the lock up. */
  remove(): void
}

export function lockedBy(holder: LockHolder | undefined, path: string): BackendError {
  return new BackendError('LOCKED', `${path} is held: ${holder ? describeHolder(holder) : 'by a process that it does not name'}`)
}
