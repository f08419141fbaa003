import { BackendError, type BackendLock, type FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import { copyCursors, type FoundCursors, readCursors } from '../copy/copy-cursors.js'
import { copyFile, extend, isBeginning, openBeginning } from '../copy/copy-file.js'
import { copyLocked, limitOf } from '../copy/copy-store.js'
import { backendFailure } from '../errors.js'
import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { encodeFileHeader } from '../format/file-header.js'
import { removeIfThere } from '../maintain/rewrite-file.js'
import type { ResolvedOptions } from '../options.js'
import { missingFile } from '../read/missing-file.js'
import { type OpenFile, sameBytes } from '../read/open-file.js'
import type { DurableEnd, ReplicationSource } from './replication-source.js'

export interface ReplicaParts {
  readonly source: ReplicationSource
  /** What the source is in. */
  readonly backend: FileBackend
  readonly destination: FileBackend
  readonly options: ResolvedOptions
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called with the bytes that were just written. */
  readonly onCopied: (bytes: number) => void
}

/** A copy that is kept up to date. It is a valid store at every instant, of a beginning of the items that are durable in the source. Holds the destination's lock until it is closed. */
export class Replica {
  readonly #parts: ReplicaParts
  readonly #lock: BackendLock
  /** The last file of the copy, open to be gone on with. */
  #tail: OpenFile | undefined
  /** The lowest and the highest index that the copy has. */
  #first = 0
  /** The cursors that the copy has, as text. */
  #cursors = ''
  #last = -1

  private constructor(parts: ReplicaParts, lock: BackendLock) {
    this.#parts = parts
    this.#lock = lock
  }

  static async open(parts: ReplicaParts): Promise<Replica> {
    const { destination } = parts
    const lock = await destination.lock().catch((error: unknown) => {
      throw backendFailure(`lock ${destination.description}`, error)
    })
    return new Replica(parts, lock)
  }

  /** Aborted when somebody else may write to the destination. */
  get lost(): AbortSignal | undefined {
    return this.#lock.lost
  }

  /** Files before this index are in the copy as a whole. */
  get wholeBefore(): number {
    return Math.max(0, this.#last)
  }

  /** Goes through all that is there, whatever the copy has of it. */
  async begin(end: DurableEnd): Promise<void> {
    const { source, signal, onCopied } = this.#parts
    const withFile = <T>(index: number, action: (open: OpenFile) => Promise<T>): Promise<T | undefined> =>
      source.withFile(index, async (open) => {
        const result = await action(open)
        source.noteCopied(open, limitOf(open, end))
        return result
      })
    let copied = 0
    const onProgress = ({ copiedBytes }: { readonly copiedBytes: number }): void => {
      onCopied(copiedBytes - copied)
      copied = copiedBytes
    }
    await copyLocked({ ...this.#parts, session: source.session, end, withFile }, { signal, onProgress }, this.#lock.lost)
    this.#first = source.session.source.firstIndex
    this.#last = Math.max(end.index, this.#first)
  }

  /** Brings over what is new since, and what was trimmed or dropped. */
  async goOn(end: DurableEnd): Promise<void> {
    const { source, backend } = this.#parts
    const { identity } = source.session.files
    // Read before it is looked at what is durable, they would never be ahead of it: those that are wait for the next round.
    const cursors = source.takeCursorsMoved() ? await readCursors(backend, identity) : undefined
    const changed = await source.takeChanged(this.#last)
    await this.#removeFirst()
    for (const index of changed) {
      if (index === this.#last) await this.#closeTail()
      else await this.#copyWhole(index, end)
    }
    const { firstIndex } = source.session.source
    // Where all was dropped, what is durable ends before the first file that is left.
    const last = Math.max(end.index, firstIndex)
    for (let index = Math.max(this.#last, firstIndex); index <= last; index++) await this.#bring(index, end)
    if (cursors) await this.#bringCursors(cursors, end)
  }

  async #bringCursors(cursors: FoundCursors, end: DurableEnd): Promise<void> {
    const { source, destination } = this.#parts
    const key = JSON.stringify([...cursors].map(([name, state]) => [name, state?.sequence, state?.timestamp]))
    if (key === this.#cursors) return
    const isAll = await copyCursors(cursors, end.sequence, destination, () => this.#assertGoing())
    if (isAll) this.#cursors = key
    else source.noteCursorsMoved()
  }

  /** Has the next round look at everything of the last file once more: what was written of it last may be a part of what it should be. */
  async lookAgain(): Promise<void> {
    await this.#closeTail()
  }

  async close(): Promise<void> {
    await this.#closeTail()
    await this.#lock.release().catch(() => undefined)
  }

  async #bring(index: number, end: DurableEnd): Promise<void> {
    await this.#withFile(index, async (open) => {
      const limit = limitOf(open, end)
      if (!(await this.#isTailOf(open, limit))) {
        await this.#closeTail()
        await this.#copy(open, limit)
        if (index >= end.index) this.#tail = await openBeginning(this.#fileParts(open, limit))
      } else if (this.#tail && this.#tail.end < limit) {
        await extend(this.#tail, this.#fileParts(open, limit))
      }
      this.#parts.source.noteCopied(open, limit)
    })
    this.#last = Math.max(this.#last, index)
    if (index < end.index) await this.#closeTail()
  }

  /** Whether what is open of the copy is a beginning of this file, as it is now. */
  async #isTailOf(open: OpenFile, limit: number): Promise<boolean> {
    const there = this.#tail
    if (!there || there.index !== open.index || there.end > limit) return false
    return sameBytes(encodeFileHeader(there.header), encodeFileHeader(open.header)) && isBeginning(there, open, BLOCK_HEADER_BYTES)
  }

  async #copyWhole(index: number, end: DurableEnd): Promise<void> {
    await this.#withFile(index, async (open) => {
      const limit = limitOf(open, end)
      await this.#copy(open, limit)
      this.#parts.source.noteCopied(open, limit)
    })
  }

  #copy(open: OpenFile, limit: number): Promise<void> {
    const { naming } = this.#parts.source.session.files
    return copyFile({ ...this.#fileParts(open, limit), temporary: naming.temporary(open.index), incremental: true })
  }

  #fileParts(open: OpenFile, limit: number) {
    const { source, destination, onCopied } = this.#parts
    const { identity } = source.session.files
    const onBytes = (bytes: number, written: boolean): void => {
      this.#assertGoing()
      if (written) onCopied(bytes)
    }
    const base = { destination, open, limit, storeSeed: identity.storeSeed, name: open.name, temporary: '', incremental: true }
    return { ...base, mayBeUnfinished: open.index >= this.#last, onBytes }
  }

  async #withFile(index: number, action: (open: OpenFile) => Promise<void>): Promise<void> {
    const { source, destination } = this.#parts
    this.#assertGoing()
    const isThere = await source.withFile(index, async (open) => {
      await action(open).catch((error: unknown) => {
        throw BackendError.is(error) ? backendFailure(`copy ${open.name} to ${destination.description}`, error) : error
      })
      return true
    })
    if (isThere) return
    const { session } = source
    await session.source.lookAgain()
    if (index >= session.source.firstIndex) throw missingFile('copy', session.files, index)
  }

  /** Removes the files that the source has no more, the first one first: so that no gap comes to be. */
  async #removeFirst(): Promise<void> {
    const { source, destination } = this.#parts
    const { files, source: store } = source.session
    for (; this.#first < store.firstIndex && this.#first <= this.#last; this.#first++) {
      if (this.#tail?.index === this.#first) await this.#closeTail()
      this.#assertGoing()
      const name = files.naming.dataFile(this.#first)
      await removeIfThere(destination, name).catch((error: unknown) => {
        throw backendFailure(`remove ${name} from ${destination.description}`, error)
      })
    }
    this.#first = Math.max(this.#first, store.firstIndex)
  }

  async #closeTail(): Promise<void> {
    const there = this.#tail
    this.#tail = undefined
    await there?.file.close().catch(() => undefined)
  }

  #assertGoing(): void {
    this.#parts.signal.throwIfAborted()
    if (this.lost?.aborted) throw backendFailure(`copy to ${this.#parts.destination.description}`, this.lost.reason)
  }
}
