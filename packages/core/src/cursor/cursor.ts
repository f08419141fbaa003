import { VarveError } from '../errors.js'
import { scan } from '../read/scan.js'
import type { ScannedItem, ScannedLocation, ScanOptions, ScanPoint } from '../read/scan-options.js'
import type { ScanSource } from '../read/scan-source.js'

export type CursorItemsOptions = Pick<ScanOptions, 'follow' | 'signal' | 'to'>

export interface CursorParts {
  readonly name: string
  readonly source: ScanSource
  /** The sequence that was committed last. */
  readonly sequence: number
  /** Makes a position durable. */
  readonly save: (sequence: number) => Promise<void>
  /** Throws where the store takes no more. */
  readonly checkWritable: (operation: string) => void
}

/**
 * Where a consumer of a store's items is, remembered in the store itself, on stable storage: after a crash it goes on from what it committed last. Each item is given at least once: again, where it was given and not committed.
 *
 * ```ts
 * const cursor = await db.cursor('indexer')
 * for await (const item of cursor.items({ follow: true })) {
 *   await index(item)
 *   await cursor.commit(item)
 * }
 * ```
 */
export class Cursor implements AsyncIterable<ScannedItem> {
  readonly name: string
  readonly #parts: CursorParts
  #position: number
  #wanted: number
  /** How many saves were asked for, and how many of those the last one that succeeded covers. */
  #asked = 0
  #saved = 0
  #turn: Promise<void> = Promise.resolve()

  /** @internal */
  constructor(parts: CursorParts) {
    this.name = parts.name
    this.#parts = parts
    this.#position = parts.sequence
    this.#wanted = parts.sequence
  }

  /** The sequence of the first item that is not committed: everything before it is, on stable storage. 0 for a new cursor. */
  get position(): number {
    return this.#position
  }

  /**
   * The items from {@link position} on, durable ones only, in order; with `follow` it goes on with what comes. What was trimmed or dropped before it was given is passed over: it goes on at the next item that is still there. Begun again
   * it gives again what was not committed. Ends and errors are those of `scan`.
   */
  items({ follow = false, signal, to }: CursorItemsOptions = {}): AsyncIterableIterator<ScannedItem> {
    const options = { follow, ...(signal && { signal }), ...(to && { to }) }
    const from = this.#position > 0 ? { from: { sequence: this.#position } } : {}
    return scan(this.#parts.source, { ...options, ...from }, true)
  }

  /** {@link items}, of what is there now. */
  [Symbol.asyncIterator](): AsyncIterableIterator<ScannedItem> {
    return this.items()
  }

  /**
   * Remembers that this item, and every one before it, is done with. Resolves once that is on stable storage, which takes about two syncs of its own; commits that wait together share them, so commit every so many items where that matters.
   * One before what was committed already changes nothing. After a crash the position is this one or the one before. Errors: `READ_ONLY`, `INVALID_LOCATION` for an item that is not durable yet, `NOT_RUNNING`, `FAILED`, the write's own (`NO_SPACE`, …), after which it can be tried again.
   */
  async commit({ sequence }: Pick<ScannedLocation, 'sequence'>): Promise<void> {
    this.#parts.checkWritable('commit')
    if (!Number.isSafeInteger(sequence) || sequence < 0)
      throw new TypeError(`commit takes an item with its sequence, not ${String(sequence)}`)
    if (sequence >= this.#parts.source.frontier.sequence)
      throw new VarveError('INVALID_LOCATION', `commit: item ${sequence} is not durable, so a crash could give its sequence to another one`)
    if (sequence < this.#wanted) return this.#turn
    return this.#save(sequence + 1)
  }

  /** Goes to another place, durably: to the item there or the first one behind it; without one, to the first item of all. */
  async reset(to: ScanPoint = { sequence: 0 }): Promise<void> {
    this.#parts.checkWritable('reset')
    const { source } = this.#parts
    const end = source.frontier.sequence
    let position = 'sequence' in to ? Math.min(to.sequence, end) : end
    if (!('sequence' in to)) {
      for await (const item of scan(source, { from: to }, false)) {
        position = item.sequence
        break
      }
    }
    if (!Number.isSafeInteger(position) || position < 0) throw new TypeError(`reset: ${String(position)} is no sequence`)
    return this.#save(position)
  }

  #save(position: number): Promise<void> {
    this.#wanted = position
    const mine = ++this.#asked
    const turn = this.#turn
      .catch(() => undefined)
      .then(async () => {
        // Those that were asked for while one was being written go together.
        if (this.#saved >= mine) return
        const [asked, wanted] = [this.#asked, this.#wanted]
        await this.#parts.save(wanted)
        this.#saved = asked
        this.#position = wanted
      })
    this.#turn = turn
    // Whoever asked for it is told; nobody else waits for it.
    turn.catch(() => {
      // What could not be written is not where the consumer is.
      if (this.#turn === turn) this.#wanted = this.#position
    })
    return turn
  }

  /** Resolves when nothing is being written. @internal */
  async whenIdle(): Promise<void> {
    await this.#turn.catch(() => undefined)
  }
}
