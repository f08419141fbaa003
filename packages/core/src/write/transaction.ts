import { VarveError } from '../errors.js'
import { checkBytes } from '../item.js'
import type { Location } from '../location.js'
import { maxItemSize } from '../options.js'
import { Staging } from './staging.js'

/** What a transaction needs of its store. */
export interface TransactionHost {
  readonly storeSeed: number
  readonly maxFileSize: number
  readonly maxTransactionSize: number
  /** Throws where the store takes nothing now. */
  checkWritable(operation: string): void
  commit(staging: Staging): Promise<Location[]>
}

/**
 * Items that are stored all or none. They are the transaction's own until `commit` resolves: nothing of it can be
 * read before all of it is durable, and after a crash all of it is there or none. It holds its items in memory.
 */
export class Transaction {
  readonly #host: TransactionHost
  #staging: Staging
  #state: 'open' | 'committing' | 'done' = 'open'

  /** @internal */
  constructor(host: TransactionHost) {
    this.#host = host
    this.#staging = new Staging(host.storeSeed)
  }

  /** How many items it holds. */
  get length(): number {
    return this.#staging.count
  }

  /** How many bytes it stages: the items and 8 bytes for each. */
  get size(): number {
    return this.#staging.length
  }

  /**
   * Copies `data` and returns its place in the array that `commit` resolves to. Throws `EMPTY_ITEM`, `ITEM_TOO_LARGE`, `TRANSACTION_TOO_LARGE`
   * (the transaction stays as it was), `TRANSACTION_COMMITTING`, `TRANSACTION_DONE`.
   */
  add(data: Uint8Array): number {
    checkBytes(data, 'an item')
    this.#checkOpen('add')
    this.#host.checkWritable('transaction.add')
    const { maxFileSize, maxTransactionSize } = this.#host
    if (data.length === 0) throw new VarveError('EMPTY_ITEM', 'transaction.add: an item has at least one byte')
    const most = maxItemSize(maxFileSize)
    if (data.length > most) {
      throw new VarveError(
        'ITEM_TOO_LARGE',
        `transaction.add: the item has ${data.length} bytes; a file of ${maxFileSize} holds one of at most ${most}`,
      )
    }
    const size = this.#staging.sizeWith(data.length)
    if (size > maxTransactionSize) {
      throw new VarveError(
        'TRANSACTION_TOO_LARGE',
        `transaction.add: ${size} bytes would be staged; maxTransactionSize allows ${maxTransactionSize}`,
      )
    }
    this.#staging.add(data)
    return this.#staging.count - 1
  }

  /**
   * Stores all items, in order and one after the other, and resolves to their locations once all are durable.
   * `TRANSACTION_EMPTY` leaves it open. Where the store can't write for now it rejects with the cause and `pending: true`: the
   * transaction is placed and is written, whole, at a later flush, unless the process ends before; then nothing of it is there.
   * `FULL` where no file is left for it; then nothing is placed, and it is done.
   */
  async commit(): Promise<Location[]> {
    this.#checkOpen('commit')
    this.#host.checkWritable('transaction.commit')
    if (this.#staging.count === 0) throw new VarveError('TRANSACTION_EMPTY', 'transaction.commit: there is nothing to commit')
    this.#state = 'committing'
    try {
      return await this.#host.commit(this.#staging)
    } finally {
      this.#finish()
    }
  }

  /** Drops what was added; nothing of it was ever stored. `TRANSACTION_COMMITTING`, `TRANSACTION_DONE`. */
  abort(): void {
    this.#checkOpen('abort')
    this.#finish()
  }

  #finish(): void {
    this.#state = 'done'
    this.#staging = new Staging(this.#host.storeSeed)
  }

  #checkOpen(operation: string): void {
    if (this.#state === 'committing') throw new VarveError('TRANSACTION_COMMITTING', `transaction.${operation}: its commit is under way`)
    if (this.#state === 'done') throw new VarveError('TRANSACTION_DONE', `transaction.${operation}: it was committed or aborted before`)
  }
}
