import { BackendError, type BackendFile } from '@varve/backend'
import { EarlyWriteback } from './early-writeback.js'
import { FileSpace } from './file-space.js'
import { fsError } from './fs-error.js'
import { readAt, readAtSync } from './positional-read.js'
import { byteLength, writeAt } from './positional-write.js'
import type { PromptReads } from './prompt-reads.js'
import type { PromptWrites } from './prompt-writes.js'
import { close, fdatasync, fsync, ftruncate } from './raw-fs.js'
import type { SpaceAhead } from './space-ahead.js'

const rewriteSize = 1024 * 1024
// A closing block, as a rule. More takes longer to copy than another thread takes to be woken for it.
const LARGEST_REREAD = 128 * 1024

export interface FsFileOptions {
  readonly ahead: SpaceAhead
  readonly promptReads: PromptReads
  readonly promptWrites: PromptWrites
  readonly writebackAfter: number
}

/** An open file: a descriptor, and what is under way on it. */
export class FsFile implements BackendFile {
  readonly #fd: number
  /** Backend and name, for messages. */
  readonly #where: string
  readonly #writable: boolean
  readonly #promptReads: PromptReads
  readonly #promptWrites: PromptWrites
  #underWay = 0
  #closing: Promise<void> | undefined
  #whenIdle: (() => void) | undefined
  /** Whether the file was cut since the last sync. */
  #cut = false
  readonly #space: FileSpace
  readonly #early: EarlyWriteback

  constructor(fd: number, where: string, writable: boolean, { ahead, promptReads, promptWrites, writebackAfter }: FsFileOptions) {
    this.#fd = fd
    this.#where = where
    this.#writable = writable
    this.#space = new FileSpace(fd, ahead, promptWrites)
    // As long as it is under way the descriptor stays open.
    this.#early = new EarlyWriteback(writebackAfter, () => this.#run('sync', () => fdatasync(this.#fd)))
    this.#promptReads = promptReads
    this.#promptWrites = promptWrites
  }

  size(): Promise<number> {
    return this.#run('size', () => this.#space.end)
  }

  sizeSync(): number {
    this.#assertOpen('size')
    try {
      return this.#space.end
    } catch (error) {
      throw this.#failed(error, 'size')
    }
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run(
      'read',
      () => (target.byteLength === 0 ? 0 : readAt(this.#fd, this.#space.withinEnd(target, position), position)),
      position,
    )
  }

  readSync(target: Uint8Array, position: number): number {
    this.#assertOpen('read')
    try {
      return readAtSync(this.#fd, this.#space.withinEnd(target, position), position)
    } catch (error) {
      throw this.#failed(error, 'read', position)
    }
  }

  readIfPrompt(target: Uint8Array, position: number): number | undefined {
    this.#assertOpen('read')
    try {
      return this.#promptReads.read(this.#fd, this.#space.withinEnd(target, position), position)
    } catch (error) {
      throw this.#failed(error, 'read', position)
    }
  }

  append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const append = async () => {
      this.#assertWritable()
      // A microsecond of the event loop, where a turn through the thread pool takes 50.
      const end = this.#space.end
      if (position !== end) throw this.#conflict(`append at ${position}, where the file ends at ${end}`)
      await this.#space.append(chunks, position)
      this.#early.noteAppend(byteLength(chunks))
    }
    return this.#run('append', append, position)
  }

  truncate(size: number): Promise<void> {
    const truncate = async () => {
      this.#assertWritable()
      const present = this.#space.end
      // The system would extend the file, and take a negative size for 0.
      if (!(Number.isSafeInteger(size) && size >= 0 && size <= present))
        throw this.#conflict(`cut to ${size}, where the file ends at ${present}`)
      this.#cut = true
      this.#space.forget()
      await ftruncate(this.#fd, size)
    }
    return this.#run('truncate', truncate, size)
  }

  sync(rewriteFrom?: number): Promise<void> {
    const sync = async () => {
      if (rewriteFrom !== undefined) await this.#rewrite(rewriteFrom)
      // fdatasync may leave out what is not needed to find the data; that a file became shorter is no longer needed to find any.
      if (this.#cut) await fsync(this.#fd)
      else await fdatasync(this.#fd)
      await this.#early.settle()
      this.#cut = false
      this.#space.noteSync()
    }
    return this.#run('sync', sync)
  }

  close(): Promise<void> {
    if (this.#closing) {
      return this.#closing.then(
        () => {},
        () => {},
      )
    }
    this.#closing = this.#close()
    return this.#closing
  }

  // The system gives the number of a closed descriptor to the next file that is opened: what is under way must not meet it.
  async #close(): Promise<void> {
    if (this.#underWay > 0) await new Promise<void>((resolve) => (this.#whenIdle = resolve))
    this.#space.giveSpaceBack()
    try {
      await close(this.#fd)
    } catch (error) {
      throw this.#failed(error, 'close')
    }
  }

  /** Writing makes the pages dirty again, which a failed sync has marked clean. */
  async #rewrite(from: number): Promise<void> {
    this.#assertWritable()
    const size = this.#space.end
    const buffer = Buffer.allocUnsafeSlow(Math.min(rewriteSize, Math.max(0, size - from)))
    for (let position = from; position < size; ) {
      const part = buffer.subarray(0, Math.min(buffer.byteLength, size - position))
      const now = part.byteLength <= LARGEST_REREAD ? this.#promptReads.read(this.#fd, part, position) : undefined
      const count = now ?? (await readAt(this.#fd, part, position))
      if (count === 0) throw this.#conflict(`write again up to ${size}, where the file ends at ${position}`)
      await writeAt(this.#fd, [buffer.subarray(0, count)], position, this.#promptWrites)
      position += count
    }
  }

  async #run<T>(operation: string, call: () => T | Promise<T>, position?: number): Promise<T> {
    this.#assertOpen(operation)
    this.#underWay++
    try {
      return await call()
    } catch (error) {
      throw this.#failed(error, operation, position)
    } finally {
      if (--this.#underWay === 0) this.#whenIdle?.()
    }
  }

  #assertOpen(operation: string): void {
    if (this.#closing) throw new BackendError('IO', `${this.#where}: ${operation}: the file is closed`)
  }

  #assertWritable(): void {
    if (!this.#writable) throw new BackendError('PERMISSION', `${this.#where}: the file can only be read`)
  }

  #conflict(what: string): BackendError {
    return new BackendError('CONFLICT', `${this.#where}: ${what}`)
  }

  #failed(error: unknown, operation: string, position?: number): BackendError {
    return fsError(error, `${this.#where}: ${operation}${position === undefined ? '' : ` at ${position}`}`)
  }
}
