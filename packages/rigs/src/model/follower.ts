import type { ScanOptions } from '@varve/core'
import { BrokenPromise } from '../checker/broken-promise.js'
import { describeEntry, isShown } from '../watch/entry.js'
import { describeScan, Sight } from '../watch/watched-scan.js'
import type { WatchedStore } from '../watch/watched-store.js'

/** A scan that follows what comes. */
export class Follower {
  /** Resolves when it has ended, with the store or by an error that has a reason. */
  readonly ended: Promise<unknown>
  readonly #store: WatchedStore
  readonly #options: ScanOptions
  readonly #sight: Sight
  #isOver = false

  constructor(store: WatchedStore, options: ScanOptions) {
    this.#store = store
    this.#options = { ...options, follow: true }
    this.#sight = new Sight(store.account, this.#options)
    this.ended = store
      .attempt(
        `a follower ${describeScan(this.#options)}`,
        async () => {
          for await (const item of store.db.scan(this.#options)) this.#sight.see(item)
        },
        'read',
      )
      .finally(() => {
        this.#isOver = true
      })
  }

  /** Called when nothing is under way any more: it has seen all there is. */
  assertCaughtUp(): void {
    if (this.#isOver) return
    for (const entry of this.#store.account.stored()) {
      const isWanted = this.#options.buffered ? isShown(entry) : entry.state === 'durable'
      // It waits for a transaction that is under way, and is not to be seen before it is durable.
      if (!isWanted) return
      if (!this.#sight.covers(entry))
        throw new BrokenPromise(`a follower ${describeScan(this.#options)} has not seen ${describeEntry(entry)}`)
    }
  }
}
