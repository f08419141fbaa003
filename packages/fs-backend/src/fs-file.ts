import { fstatSync, ftruncateSync } from 'node:fs'
import { BackendError, type BackendFile } from '@varve/backend'
import { fsError } from './fs-error.js'
import { readAt, readAtSync } from './positional-read.js'
import { byteLength, writeAt } from './positional-write.js'
import type { PromptReads } from './prompt-reads.js'
import type { PromptWrites } from './prompt-writes.js'
import { close, fdatasync, fsync, ftruncate } from './raw-fs.js'
import { CommitPattern, fileIdentity, type SpaceAhead, type SpaceOwner, type TakenSpace } from './space-ahead.js'

const rewriteSize = 1024 * 1024
// A closing block, as a rule. More takes longer to copy than another thread takes to be woken for it.
const LARGEST_REREAD = 128 * 1024
let zeros = new Uint8Array(0)

export interface FsFileOptions {
  readonly writable: boolean
  readonly ahead: SpaceAhead
  readonly prompt: PromptReads
  readonly promptWrites: PromptWrites
}

/** An open file: a descriptor, and what is under way on it. */
export class FsFile implements BackendFile, SpaceOwner {
  readonly #fd: number
  /** Backend and name, for messages. */
  readonly #where: string
  readonly #writable: boolean
  readonly #prompt: PromptReads
  readonly #promptWrites: PromptWrites
  #underWay = 0
  #closing: Promise<void> | undefined
  #whenIdle: (() => void) | undefined
  /** Whether the file was cut since the last sync. */
  #cut = false
  readonly #ahead: SpaceAhead
  readonly #pattern = new CommitPattern()
  #identity: string | undefined

  constructor(fd: number, where: string, { writable, ahead, prompt, promptWrites }: FsFileOptions) {
    this.#fd = fd
    this.#where = where
    this.#writable = writable
    this.#ahead = ahead
    this.#prompt = prompt
    this.#promptWrites = promptWrites
  }

  size(): Promise<number> {
    return this.#run('size', () => this.#end())
  }

  sizeSync(): number {
    this.#assertOpen('size')
    try {
      return this.#end()
    } catch (error) {
      throw this.#failed(error, 'size')
    }
  }

  read(target: Uint8Array, position: number): Promise<number> {
    return this.#run('read', () => (target.byteLength === 0 ? 0 : readAt(this.#fd, this.#withinEnd(target, position), position)), position)
  }

  readSync(target: Uint8Array, position: number): number {
    this.#assertOpen('read')
    try {
      return readAtSync(this.#fd, this.#withinEnd(target, position), position)
    } catch (error) {
      throw this.#failed(error, 'read', position)
    }
  }

  readIfPrompt(target: Uint8Array, position: number): number | undefined {
    this.#assertOpen('read')
    try {
      return this.#prompt.read(this.#fd, this.#withinEnd(target, position), position)
    } catch (error) {
      throw this.#failed(error, 'read', position)
    }
  }

  append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const append = () => {
      this.#assertWritable()
      // 1.5 µs of the event loop, where a turn through the thread pool takes 50.
      const end = this.#end()
      if (position !== end) throw this.#conflict(`append at ${position}, where the file ends at ${end}`)
      return this.#write(chunks, position)
    }
    return this.#run('append', append, position)
  }

  async #write(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = byteLength(chunks)
    const end = position + bytes
    this.#pattern.noteAppend(bytes)
    const space = this.#space()
    if (space && end <= space.allocated) return this.#writeWithin(space, chunks, end)
    const more = this.#pattern.spaceFor(bytes, end, this.#ahead.most)
    if (more > 0 && (await this.#writeWithSpace(chunks, { end: position, allocated: end + more, underWay: true, owner: this }, more)))
      return
    this.#forgetSpace()
    await writeAt(this.#fd, chunks, position, this.#promptWrites)
    if (more === 0) return
    // Of the zeros those came that there was room for.
    const { size } = fstatSync(this.#fd)
    if (size > end) this.#ahead.set(this.#file, { end, allocated: size, underWay: false, owner: this })
  }

  async #writeWithin(space: TakenSpace, chunks: readonly Uint8Array[], end: number): Promise<void> {
    space.underWay = true
    try {
      await writeAt(this.#fd, chunks, space.end, this.#promptWrites)
      space.end = end
      space.underWay = false
    } catch (error) {
      // Any part of it may be there: the caller cuts the file back from the size that the system knows.
      this.#forgetSpace()
      throw error
    }
  }

  /** Writes the chunks and zeros behind them, which the sync that follows makes durable with them. False where there is no space for both. */
  async #writeWithSpace(chunks: readonly Uint8Array[], space: TakenSpace, more: number): Promise<boolean> {
    if (zeros.length < more) zeros = new Uint8Array(more)
    this.#ahead.set(this.#file, space)
    try {
      await writeAt(this.#fd, [...chunks, zeros.subarray(0, more)], space.end, this.#promptWrites)
      space.end = space.allocated - more
      space.underWay = false
      return true
    } catch (error) {
      this.#forgetSpace()
      this.#pattern.noteRefusal()
      if (fsError(error, '').code !== 'NO_SPACE') throw error
      return false
    }
  }

  truncate(size: number): Promise<void> {
    const truncate = async () => {
      this.#assertWritable()
      const present = this.#end()
      // The system would extend the file, and take a negative size for 0.
      if (!(Number.isSafeInteger(size) && size >= 0 && size <= present))
        throw this.#conflict(`cut to ${size}, where the file ends at ${present}`)
      this.#cut = true
      this.#forgetSpace()
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
      this.#cut = false
      this.#pattern.noteSync()
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
    this.giveSpaceBack()
    try {
      await close(this.#fd)
    } catch (error) {
      throw this.#failed(error, 'close')
    }
  }

  giveSpaceBack(): void {
    const space = this.#space()
    if (space?.owner !== this) return
    try {
      if (fstatSync(this.#fd).size === space.allocated) ftruncateSync(this.#fd, space.end)
    } catch {
      // As after a crash, which whoever opens the file next is used to.
    }
    this.#forgetSpace()
  }

  /** Where the appended bytes end. */
  #end(): number {
    const space = this.#space()
    if (space?.underWay) return space.end
    const { size } = fstatSync(this.#fd)
    if (space?.allocated === size) return space.end
    // Somebody else cut the file or added to it: what is there now counts.
    if (space) this.#forgetSpace()
    return size
  }

  /** The part of `target` that is filled from before the end. */
  #withinEnd(target: Uint8Array, position: number): Uint8Array {
    const space = this.#space()
    if (space === undefined || position + target.byteLength <= space.end) return target
    return target.subarray(0, Math.max(0, Math.min(target.byteLength, this.#end() - position)))
  }

  /** What was taken ahead in this file, by whichever handle. */
  #space(): TakenSpace | undefined {
    return this.#ahead.isEmpty ? undefined : this.#ahead.get(this.#file)
  }

  #forgetSpace(): void {
    if (!this.#ahead.isEmpty) this.#ahead.delete(this.#file)
  }

  get #file(): string {
    this.#identity ??= fileIdentity(this.#fd)
    return this.#identity
  }

  /** Writing makes the pages dirty again, which a failed sync has marked clean. */
  async #rewrite(from: number): Promise<void> {
    this.#assertWritable()
    const size = this.#end()
    const buffer = Buffer.allocUnsafeSlow(Math.min(rewriteSize, Math.max(0, size - from)))
    for (let position = from; position < size; ) {
      const part = buffer.subarray(0, Math.min(buffer.byteLength, size - position))
      const now = part.byteLength <= LARGEST_REREAD ? this.#prompt.read(this.#fd, part, position) : undefined
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
