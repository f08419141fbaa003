import type { VarveError } from '../errors.js'
import type { Location } from '../location.js'
import type { Block } from '../write/block.js'

/** What readers see of the store beside its files. Positions are logical. */
export interface ReadView {
  /** The lowest index that a location can have now. */
  readonly firstIndex: number
  /** The highest that a file has, as far as is known; what is in memory may go beyond it. */
  readonly lastIndex: number
  /** Another process may be writing: files grow, the last one's end may be torn for now, and there may be files behind it. */
  readonly isBesideWriter: boolean
  /** The block in memory that holds the position. */
  findBlock(location: Location): Block | undefined
  /** The error where the store failed before the item there was durable. */
  lostAt(location: Location): VarveError | undefined
}
