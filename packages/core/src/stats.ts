/** What the store is doing, and what it holds. */
export interface VarveStats {
  readonly state: VarveState
  /** Data files, stubs of dropped ones included. */
  readonly files: number
  /** The lowest and the highest index of a data file. */
  readonly firstIndex: number
  readonly lastIndex: number
  /** Bytes of all data files, headers included; without what is only in memory. */
  readonly bytes: number
  /** The sequence of the first item that is still there, or would be. */
  readonly firstSequence: number
  /** The sequence that the next item gets. Beside a writer elsewhere: as far as it can be seen. */
  readonly nextSequence: number
  /** Every item with a lower sequence is on stable storage. */
  readonly durableSequence: number
  /** What was accepted and is not in its file yet. `bytes` is the memory taken, waste included. */
  readonly buffered: { readonly items: number; readonly bytes: number }
  /** Writes of gathered blocks since the start. */
  readonly flushes: number
  /** Syncs of data files that were being written, since the start. */
  readonly syncs: number
  /** Items read since the start, by where they came from. */
  readonly reads: { readonly memory: number; readonly backend: number }
  /** Data files that are open now. */
  readonly openFiles: number
  /** What kind of lock keeps other writers out, and who holds it; undefined where the store was opened to read. */
  readonly lock: string | undefined
}

/** `idle`: never started. `failed`: nothing can be written until it is started again; what is durable can be read. */
export type VarveState = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed'
