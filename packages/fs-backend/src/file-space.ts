import { fstatSync, ftruncateSync, readSync } from 'node:fs'
import { fsError } from './fs-error.js'
import { byteLength, writeAt } from './positional-write.js'
import type { PromptWrites } from './prompt-writes.js'
import { CommitPattern, fileIdentity, type SpaceAhead, type SpaceOwner, type TakenSpace } from './space-ahead.js'

let zeros = new Uint8Array(0)
const lastByteAndMore = new Uint8Array(2)

/** Where the appended bytes of an open file end, and the zeros that this handle takes behind them. */
export class FileSpace implements SpaceOwner {
  readonly #fd: number
  readonly #ahead: SpaceAhead
  readonly #prompt: PromptWrites
  readonly #pattern = new CommitPattern()
  #identity: string | undefined

  constructor(fd: number, ahead: SpaceAhead, prompt: PromptWrites) {
    this.#fd = fd
    this.#ahead = ahead
    this.#prompt = prompt
  }

  /** Where the appended bytes end. */
  get end(): number {
    const space = this.#taken()
    if (space && (space.underWay || this.#isAsTaken(space))) return space.end
    // Somebody else cut the file or added to it: what is there now counts.
    if (space) this.forget()
    return fstatSync(this.#fd).size
  }

  /** The part of `target` that is filled from before the end. */
  withinEnd(target: Uint8Array, position: number): Uint8Array {
    const space = this.#taken()
    if (space === undefined || position + target.byteLength <= space.end) return target
    return target.subarray(0, Math.max(0, Math.min(target.byteLength, this.end - position)))
  }

  /** Writes the chunks at the end, and zeros behind them where the syncs that follow gain by it. */
  async append(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = byteLength(chunks)
    const end = position + bytes
    this.#pattern.noteAppend(bytes)
    const space = this.#taken()
    if (space && end <= space.allocated) return this.#appendWithin(space, chunks, end)
    const more = this.#pattern.spaceFor(bytes, end, this.#ahead.most)
    if (more > 0 && (await this.#appendWithZeros(chunks, { end: position, allocated: end + more, underWay: true, owner: this }, more)))
      return
    this.forget()
    await writeAt(this.#fd, chunks, position, this.#prompt)
    if (more === 0) return
    // Of the zeros those came that there was room for.
    const { size } = fstatSync(this.#fd)
    if (size > end) this.#ahead.set(this.#file, { end, allocated: size, underWay: false, owner: this })
  }

  noteSync(): void {
    this.#pattern.noteSync()
  }

  giveSpaceBack(): void {
    const space = this.#taken()
    if (space?.owner !== this) return
    try {
      if (fstatSync(this.#fd).size === space.allocated) ftruncateSync(this.#fd, space.end)
    } catch {
      // As after a crash, which whoever opens the file next is used to.
    }
    this.forget()
  }

  /** The size that the system knows is where the bytes end. */
  forget(): void {
    if (!this.#ahead.isEmpty) this.#ahead.delete(this.#file)
  }

  /**
   * Whether the file still ends with the last of the zeros. Not by its size: to Linux (6.13 and later) a file whose size and times were asked for is one whose next write needs a time of its own, and to write that down makes a durable append a third
   * slower.
   */
  #isAsTaken({ allocated }: TakenSpace): boolean {
    return readSync(this.#fd, lastByteAndMore, 0, 2, allocated - 1) === 1
  }

  async #appendWithin(space: TakenSpace, chunks: readonly Uint8Array[], end: number): Promise<void> {
    space.underWay = true
    try {
      await writeAt(this.#fd, chunks, space.end, this.#prompt)
      space.end = end
      space.underWay = false
    } catch (error) {
      // Any part of it may be there: the caller cuts the file back from the size that the system knows.
      this.forget()
      throw error
    }
  }

  /** The sync that follows makes both durable. False where there is no space for both. */
  async #appendWithZeros(chunks: readonly Uint8Array[], space: TakenSpace, more: number): Promise<boolean> {
    if (zeros.length < more) zeros = new Uint8Array(more)
    this.#ahead.set(this.#file, space)
    try {
      await writeAt(this.#fd, [...chunks, zeros.subarray(0, more)], space.end, this.#prompt)
      space.end = space.allocated - more
      space.underWay = false
      return true
    } catch (error) {
      this.forget()
      this.#pattern.noteRefusal()
      if (fsError(error, '').code !== 'NO_SPACE') throw error
      return false
    }
  }

  /** What was taken ahead in this file, by whichever handle. */
  #taken(): TakenSpace | undefined {
    return this.#ahead.isEmpty ? undefined : this.#ahead.get(this.#file)
  }

  get #file(): string {
    this.#identity ??= fileIdentity(this.#fd)
    return this.#identity
  }
}
