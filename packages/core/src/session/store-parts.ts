import type { FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import type { Emitter } from '../emitter.js'
import type { Holder } from '../maintain/holder.js'
import type { ResolvedOptions } from '../options.js'
import type { Session } from './session.js'

/** Where a store shows its parts to what else in this package works on a store as a whole. */
export const STORE_PARTS = Symbol('the parts of a store')

export interface StoreParts {
  readonly backend: FileBackend
  readonly options: ResolvedOptions
  readonly clock: Clock
  readonly emitter: Emitter
  /** The session that runs; throws where there is none. */
  session(operation: string): Session
  /** Has the retention wait for this one; returns the way to take it back. */
  hold(holder: Holder): () => void
}
