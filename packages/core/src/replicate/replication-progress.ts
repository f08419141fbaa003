/** How far a replication is. */
export interface ReplicationProgress {
  /**
   * - `copying`: it goes through all that is there, at the beginning and after an error.
   * - `following`: the copy is kept up to date.
   * - `waiting`: the last try failed, with `error`; another one comes by itself.
   * - `ended`: it was ended, or the source stopped and all of it is in the copy.
   */
  readonly state: 'copying' | 'following' | 'waiting' | 'ended'
  /** Every item before this sequence that the source still has is in the copy, on stable storage. */
  readonly sequence: number
  /** The source's own: every item before it is on stable storage there; of a store that another process writes to, as far as that is proven. */
  readonly durableSequence: number
  /** For how long, in milliseconds, something durable has waited to be copied; 0 where the copy has all of it. */
  readonly lag: number
  /** Bytes that were written to the destination so far. */
  readonly copiedBytes: number
  /** What failed last; undefined once it works again. */
  readonly error: Error | undefined
}
