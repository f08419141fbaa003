import type { FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import { readCursor } from '../cursor/cursor-files.js'
import type { Emitter } from '../emitter.js'
import { backendFailure, VarveError } from '../errors.js'
import type { RetentionOptions } from '../options.js'
import { readLastBlock } from '../read/tail.js'
import type { WritableSession } from '../session/writable-session.js'
import type { Holder } from './holder.js'

export interface RetentionParts {
  readonly limits: RetentionOptions
  readonly session: WritableSession
  readonly backend: FileBackend
  readonly emitter: Emitter
  readonly clock: Clock
  readonly holders: ReadonlySet<Holder>
  /** The durable position of a cursor that this program has open. */
  readonly durablePosition: (cursor: string) => Promise<number | undefined>
}

// The longest delay that a timer takes.
const MAX_DELAY = 2 ** 31 - 1

/** Drops the oldest files of a running store, one at a time, where they are beyond its limits and nobody who is to be waited for needs them. */
export class Retention {
  readonly #parts: RetentionParts
  readonly #off: readonly (() => void)[]
  /** Lengths of files that are not added to any more, as far as they were looked at. */
  readonly #lengths = new Map<number, number>()
  #isLooking = false
  #isAskedAgain = false
  /** Somebody needs the oldest file still. */
  #isHeld = false
  #cancelTimer = (): void => {}

  constructor(parts: RetentionParts) {
    this.#parts = parts
    const { emitter } = parts
    const lookIfHeld = (): void => {
      if (this.#isHeld) this.look()
    }
    this.#off = [
      emitter.on('rotate', () => this.look()),
      emitter.on('trim', ({ index }) => void this.#lengths.delete(index)),
      emitter.on('destroyIndex', ({ index }) => void this.#lengths.delete(index)),
      emitter.on('replicate', lookIfHeld),
      emitter.on('cursor', lookIfHeld),
    ]
  }

  /** Sees to it that the limits are kept, soon. */
  look(): void {
    this.#isAskedAgain = true
    if (this.#isLooking) return
    this.#isLooking = true
    void this.#lookAll()
  }

  end(): void {
    this.#cancelTimer()
    for (const off of this.#off) off()
  }

  async #lookAll(): Promise<void> {
    const { session, emitter } = this.#parts
    try {
      while (this.#isAskedAgain && !session.isStopped && !session.failure) {
        this.#isAskedAgain = false
        this.#cancelTimer()
        while (await this.#dropOldest());
      }
    } catch (error) {
      // The next full file brings another try. A store that stopped or failed meanwhile has told it itself.
      if (session.isStopped || session.failure || (VarveError.is(error) && error.code === 'NOT_RUNNING')) return
      emitter.emit('failure', { error: backendFailure('retention', error), fatal: false })
    } finally {
      // In the same turn as the last look at whether another one is asked for.
      this.#isLooking = false
    }
  }

  /** Whether the oldest file was dropped. */
  async #dropOldest(): Promise<boolean> {
    const { session } = this.#parts
    const index = session.firstIndex
    if (session.isStopped || index >= session.lastIndex || !(await this.#isBeyond(index))) return false
    this.#isHeld = !(await this.#isFree(index))
    if (this.#isHeld) return false
    await (await session.maintenance()).dropFirst(index)
    return session.firstIndex > index
  }

  async #isBeyond(index: number): Promise<boolean> {
    const { session, limits, clock } = this.#parts
    const { maxFiles, maxBytes, maxAge } = limits
    if (maxFiles !== undefined && session.lastIndex - index + 1 > maxFiles) return true
    if (maxBytes !== undefined && (await this.#bytesFrom(index)) > maxBytes) return true
    if (maxAge === undefined) return false
    const newest = await session.files.with(index, async (open) => (await readLastBlock(open, session.files.identity.storeSeed))?.timestamp)
    const left = (newest ?? 0) + maxAge - clock.now()
    if (left < 0) return true
    this.#cancelTimer = clock.after(Math.min(left + 1, MAX_DELAY), false, () => this.look())
    return false
  }

  async #bytesFrom(first: number): Promise<number> {
    const { files, lastIndex } = this.#parts.session
    let bytes = 0
    for (let index = first; index <= lastIndex; index++) {
      const length = this.#lengths.get(index) ?? (await files.with(index, async (open) => open.physical(open.end))) ?? 0
      if (index < lastIndex) this.#lengths.set(index, length)
      bytes += length
    }
    return bytes
  }

  /** Whether nobody who is to be waited for needs the file. */
  async #isFree(index: number): Promise<boolean> {
    const { session, limits, backend, holders, durablePosition } = this.#parts
    const { replicas = 0, cursors = [] } = limits
    if ([...holders].filter(({ neededFrom }) => neededFrom > index).length < replicas) return false
    if (cursors.length === 0) return true
    const { files } = session
    const end = (await files.with(index + 1, async ({ header }) => header.sequence)) ?? Number.POSITIVE_INFINITY
    for (const name of cursors) {
      const state = await readCursor(backend, name, files.identity.storeId)
      if (!state || state.sequence < end) return false
      // Its file may have been put in place just now, and a power loss bring back the one before.
      const durable = await durablePosition(name)
      if (durable !== undefined && durable < end) return false
    }
    return true
  }
}
