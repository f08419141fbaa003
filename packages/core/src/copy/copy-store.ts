import type { FileBackend } from '@varve/backend'
import type { Clock } from '../clock.js'
import { backendFailure, isGone, VarveError } from '../errors.js'
import { formatLocation } from '../location.js'
import { removeIfThere } from '../maintain/rewrite-file.js'
import { listFiles } from '../maintain/store-listing.js'
import type { ResolvedOptions } from '../options.js'
import { findDurableEnd } from '../read/durable-end.js'
import { FileSet } from '../read/file-set.js'
import { missingFile } from '../read/missing-file.js'
import { type OpenFile, sameBytes } from '../read/open-file.js'
import { scan } from '../read/scan.js'
import type { ScannedItem, ScanOptions } from '../read/scan-options.js'
import type { Place } from '../read/scan-source.js'
import { ReadableSession } from '../session/readable-session.js'
import type { Session } from '../session/session.js'
import { copyCursors, readCursors } from './copy-cursors.js'
import { copyFile } from './copy-file.js'

export interface CopyOptions {
  /** Whether what an earlier copy left at the destination is gone on with; else every file is written anew. Default true. */
  readonly incremental?: boolean
  /** Gives up: the promise rejects with the signal's reason. What was copied stays, and the next copy goes on from there. */
  readonly signal?: AbortSignal
  /** Called about once a mebibyte. */
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface CopyProgress {
  /** Bytes that the destination has by now, of all that it is to have. */
  readonly bytes: number
  readonly totalBytes: number
  /** Those of them that had to be written. */
  readonly copiedBytes: number
  /** The data file that is being copied. */
  readonly file: string
}

export interface CopyReport {
  /** Data files that the copy has. */
  readonly files: number
  /** Bytes of them. */
  readonly bytes: number
  /** Bytes that were written. */
  readonly copiedBytes: number
  /** Data files that the destination had and the store has no more. */
  readonly removedFiles: number
  /** The sequence that the next item would get in the copy. */
  readonly nextSequence: number
}

export interface StoreCopyParts {
  readonly session: Session
  /** What the store is in. */
  readonly backend: FileBackend
  readonly destination: FileBackend
  readonly options: ResolvedOptions
  readonly clock: Clock
  /** Up to where it is to be copied. Default: all that is durable, or looks so beside a writer elsewhere. */
  readonly end?: Place & { readonly sequence: number }
  /** Runs `action` with a data file, if it is there. Default: nobody trims or drops the file meanwhile. */
  readonly withFile?: FileSet['with']
}

/** Copies what is durable now. The destination is locked meanwhile. */
export async function copyStore(parts: StoreCopyParts, copyOptions: CopyOptions): Promise<CopyReport> {
  const { destination } = parts
  copyOptions.signal?.throwIfAborted()
  const lock = await destination.lock().catch((error: unknown) => {
    throw backendFailure(`lock ${destination.description}`, error)
  })
  try {
    return await copyLocked(parts, copyOptions, lock.lost)
  } finally {
    await lock.release().catch(() => undefined)
  }
}

/** The same, for who holds the destination's lock, which may be `lost`. */
export function copyLocked(parts: StoreCopyParts, copyOptions: CopyOptions, lost: AbortSignal | undefined): Promise<CopyReport> {
  return new StoreCopy(parts, copyOptions, lost).run()
}

class StoreCopy {
  readonly #parts: StoreCopyParts
  readonly #options: CopyOptions
  readonly #lost: AbortSignal | undefined
  #bytes = 0
  #copiedBytes = 0
  #totalBytes = 0
  #removed = 0
  /** The last data file that the destination had. */
  #lastThere = -1

  constructor(parts: StoreCopyParts, options: CopyOptions, lost: AbortSignal | undefined) {
    this.#parts = parts
    this.#options = options
    this.#lost = lost
  }

  async run(): Promise<CopyReport> {
    const { session, backend, destination } = this.#parts
    const { source } = session
    // Before what is durable is looked at: so none is ahead of the items that are copied.
    const cursors = await readCursors(backend, session.files.identity)
    const stats = await session.stats()
    this.#totalBytes = stats.bytes
    const indexes = await source.listFiles()
    const end = this.#parts.end ?? (await findDurableEnd(source, indexes))
    await this.#prepare(stats.durableSequence)
    let files = 0
    // Where all was dropped, what is durable ends before the first file that is left.
    const last = Math.max(end.index, source.firstIndex)
    for (let index = source.firstIndex; index <= last; index++) {
      if (await this.#copyFile(index, end)) files++
    }
    await this.#removeFiles((index) => index > last, 'last first')
    // Dropped while the files behind them were copied.
    await source.lookAgain()
    files -= await this.#removeFiles((index) => index < source.firstIndex, 'first first')
    const copied = Math.min(stats.durableSequence, this.#parts.end?.sequence ?? stats.durableSequence)
    await copyCursors(cursors, copied, destination, () => this.#assertGoing())
    return { files, bytes: this.#bytes, copiedBytes: this.#copiedBytes, removedFiles: this.#removed, nextSequence: stats.durableSequence }
  }

  /** Makes sure that the destination holds nothing but an earlier copy, and takes away what no copy needs. */
  async #prepare(nextSequence: number): Promise<void> {
    const { session, destination } = this.#parts
    const { indexes, temporaries } = await listFiles(destination, session.files.naming)
    if (indexes.length > 0) await this.#refuseOther(indexes, nextSequence)
    this.#lastThere = indexes[indexes.length - 1] ?? -1
    for (const name of temporaries) await this.#remove(name)
    await this.#removeFiles((index) => index < session.source.firstIndex, 'first first')
  }

  /** `FOREIGN_FILE` where the destination holds another store, `CONFLICT` where it was added to. */
  async #refuseOther(indexes: readonly number[], nextSequence: number): Promise<void> {
    const { session, destination, options, clock } = this.#parts
    const { naming, identity } = session.files
    const [firstIndex, lastIndex] = [indexes[0] as number, indexes[indexes.length - 1] as number]
    const files = new FileSet(destination, naming, identity, { isBesideWriter: true })
    const copy = new ReadableSession({ files, firstIndex, lastIndex }, { backend: destination, options, clock })
    try {
      const last = await only(copy, { reverse: true }).catch((error: unknown) => this.#refuseDamaged(error))
      if (!last || (await this.#isOurs(last, nextSequence))) return
      throw new VarveError(
        'CONFLICT',
        `copy to ${destination.description}: its item ${last.sequence} at ${formatLocation(last.location)} is not in this store. Something was added to the copy, or it is the copy of a later state; remove it, or copy to somewhere else`,
      )
    } finally {
      await copy.release()
    }
  }

  /** A copy that is damaged is written anew where all of it is to be, and else left alone. */
  #refuseDamaged(error: unknown): undefined {
    if (!VarveError.is(error) || (error.code !== 'CORRUPT' && error.code !== 'FILE_MISSING')) throw error
    if (this.#options.incremental === false) return undefined
    const { description } = this.#parts.destination
    throw new VarveError(
      error.code,
      `copy to ${description}: what an earlier copy left there is damaged; verify it, or copy with incremental: false`,
      { cause: error },
    )
  }

  /** Whether the copy's last item is one that the store has, or had until it was trimmed or dropped. */
  async #isOurs({ sequence, location, data }: ScannedItem, nextSequence: number): Promise<boolean> {
    if (sequence >= nextSequence) return false
    const ours = await only(this.#parts.session, { from: { sequence }, to: { sequence: sequence + 1 } })
    if (!ours) return true
    return ours.location.index === location.index && ours.location.position === location.position && sameBytes(ours.data, data)
  }

  /** Whether the file is there still. */
  async #copyFile(index: number, end: Place): Promise<boolean> {
    const { session, destination } = this.#parts
    const { files, source } = session
    const name = files.naming.dataFile(index)
    this.#assertGoing()
    const withFile: FileSet['with'] = this.#parts.withFile ?? ((...given) => files.with(...given))
    const copy = (): Promise<boolean | undefined> =>
      withFile(index, async (open) => {
        await copyFile({
          destination,
          open,
          limit: limitOf(open, end),
          storeSeed: files.identity.storeSeed,
          name,
          temporary: files.naming.temporary(index),
          incremental: this.#options.incremental ?? true,
          mayBeUnfinished: index >= this.#lastThere,
          onBytes: (bytes, written) => this.#advance(bytes, written, name),
        })
        return true
      })
    const bytes = this.#bytes
    const copied = await copy().catch(async (error: unknown) => {
      if (!source.isBesideWriter || !isGone(error)) throw error
      // Some backends keep nothing of a file that was removed for who has it open: it is looked at what has its name now.
      await files.forget(index)
      this.#bytes = bytes
      return copy()
    })
    if (copied) return true
    await source.lookAgain()
    if (index >= source.firstIndex) throw missingFile('copy', files, index)
    return false
  }

  #advance(bytes: number, written: boolean, file: string): void {
    this.#assertGoing()
    this.#bytes += bytes
    if (written) this.#copiedBytes += bytes
    this.#options.onProgress?.({
      bytes: this.#bytes,
      totalBytes: Math.max(this.#totalBytes, this.#bytes),
      copiedBytes: this.#copiedBytes,
      file,
    })
  }

  #assertGoing(): void {
    this.#options.signal?.throwIfAborted()
    if (this.#lost?.aborted) throw backendFailure(`copy to ${this.#parts.destination.description}`, this.#lost.reason)
  }

  /** Removes data files from the destination, one end first, so that no gap comes to be. */
  async #removeFiles(isGone: (index: number) => boolean, order: 'first first' | 'last first'): Promise<number> {
    const { session, destination } = this.#parts
    const { naming } = session.files
    const gone = (await listFiles(destination, naming)).indexes.filter(isGone)
    if (order === 'last first') gone.reverse()
    for (const index of gone) await this.#remove(naming.dataFile(index))
    this.#removed += gone.length
    return gone.length
  }

  async #remove(name: string): Promise<void> {
    const { destination } = this.#parts
    this.#assertGoing()
    await removeIfThere(destination, name).catch((error: unknown) => {
      throw backendFailure(`remove ${name} from ${destination.description}`, error)
    })
  }
}

/** The position up to which a file is durable. One that was replaced since is so as a whole. */
export function limitOf({ index, end, header }: OpenFile, durable: Place): number {
  if (index < durable.index) return end
  return index > durable.index ? header.trimOffset : Math.min(durable.position, end)
}

async function only({ source }: Session, options: ScanOptions): Promise<ScannedItem | undefined> {
  for await (const item of scan(source, options, true)) return item
  return undefined
}
