import type { FileBackend } from '@varve/backend'
import type { Emitter } from '../emitter.js'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { checkBytes } from '../item.js'
import { formatLocation } from '../location.js'
import type { FileSet } from '../read/file-set.js'
import type { OpenFile } from '../read/open-file.js'
import type { Reader } from '../read/reader.js'
import { readClose, readLastBlock } from '../read/tail.js'
import { ActiveFile } from '../write/active-file.js'
import type { Writer } from '../write/writer.js'
import { type Boundary, findBoundary } from './boundary.js'
import { asItIs, stub, withoutLeft, withoutRight, writeReplacement } from './rewrite-file.js'

export interface TrimOptions {
  /** Bytes that have to be the last ones of the last item removed (`ltrim`), or the first ones of the first (`rtrim`); else `TRIM_MISMATCH`, and nothing happens. */
  readonly expect?: Uint8Array
}

export type TrimSide = 'left' | 'right'

export interface MaintenanceParts {
  readonly backend: FileBackend
  readonly files: FileSet
  readonly reader: Reader
  readonly writer: Writer
  readonly emitter: Emitter
  /** The lowest index, which drops move. */
  readonly first: { index: number }
}

/** Removes items from a running store: one removal at a time, between flushes. Whatever it is cut off from, a file is whole at every instant: as it was, or as it is to be. */
export class Maintenance {
  readonly #parts: MaintenanceParts
  /** The lowest index of which there may be a file after a power loss: below the first one where a removal failed. */
  #lowest: number
  /** Files of which another one took the place, or not, and nobody saw that become durable. */
  readonly #doubtful = new Set<number>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: MaintenanceParts) {
    this.#parts = parts
    this.#lowest = parts.first.index
  }

  /** Removes the items on one side of `position`, and gives the bytes of the items removed. A trim that leaves no item drops the file. */
  trim(side: TrimSide, index: number, position: number, { expect }: TrimOptions): Promise<number> {
    checkUint32('index', index)
    checkUint32('position', position)
    if (expect !== undefined) checkBytes(expect, 'expect')
    return this.#inTurn(() => this.#trim(side, index, position, expect))
  }

  /** Removes a file, and gives its length in bytes. */
  drop(index: number): Promise<number> {
    checkUint32('index', index)
    return this.#inTurn(async () => {
      await this.#parts.writer.flush()
      await this.#confirm(index)
      await this.#look(`dropIndex ${index}`, index, async () => undefined)
      await this.#parts.writer.leaveFile(index)
      return this.#parts.writer.runTask(() => this.#remove(index))
    })
  }

  /** Removes the first file, if it still is that one, and another one is being written. What is in memory goes on gathering. */
  async dropFirst(index: number): Promise<void> {
    await this.#inTurn(() =>
      this.#parts.writer.runTask(async () => {
        const { first, writer } = this.#parts
        if (first.index === index && index < writer.flusher.active.index) await this.#remove(index)
      }),
    )
  }

  /** Resolves when no removal is under way. */
  async whenIdle(): Promise<void> {
    await this.#turn
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action)
    this.#turn = result.catch(() => undefined)
    return result
  }

  async #trim(side: TrimSide, index: number, position: number, expect: Uint8Array | undefined): Promise<number> {
    const { writer, files, emitter } = this.#parts
    const name = `${side === 'left' ? 'ltrim' : 'rtrim'} ${index}:${position}`
    await writer.flush()
    await this.#confirm(index)
    const { storeSeed } = files.identity
    const before = await this.#look(name, index, (open) => findBoundary(open, position, storeSeed))
    await this.#checkExpected(name, side, before, expect)
    if (removedBy(side, before).items === 0) return 0
    // What is cut off the end of a file must not be filled again, and a file that goes as a whole needs a successor: adds go on in the next one.
    if (side === 'right' || before.right.items === 0) await this.#parts.writer.leaveFile(index)
    const bytes = await writer.runTask(async () => {
      // Looked at once more: now nothing is written meanwhile.
      const boundary = await this.#look(name, index, (open) => findBoundary(open, position, storeSeed))
      const kept = side === 'left' ? boundary.right : boundary.left
      if (kept.items === 0) await this.#remove(index)
      else await this.#replace(index, (open) => (side === 'left' ? withoutLeft : withoutRight)(open, boundary, storeSeed))
      return removedBy(side, boundary).bytes
    })
    emitter.emit('trim', { index, side, position, bytes })
    return bytes
  }

  async #look<T>(operation: string, index: number, action: (open: OpenFile) => Promise<T>): Promise<T> {
    const { files, first, writer } = this.#parts
    const isThere = index >= first.index && index <= writer.flusher.active.index
    const found = !isThere
      ? undefined
      : await files.with(index, async (open) => (open.header.dropped ? undefined : { value: await action(open) }))
    if (found) return found.value
    throw new VarveError('INDEX_NOT_FOUND', `${operation}: the store has no file ${files.naming.dataFile(index)}`)
  }

  async #checkExpected(operation: string, side: TrimSide, boundary: Boundary, expect: Uint8Array | undefined): Promise<void> {
    if (!expect) return
    const { nearest } = removedBy(side, boundary)
    const item = nearest && (await this.#parts.reader.read(nearest))
    const edge = side === 'left' ? item?.slice(Math.max(0, item.length - expect.length)) : item?.slice(0, expect.length)
    if (edge && edge.length === expect.length && edge.every((byte, at) => byte === expect[at])) return
    const what = nearest
      ? `the item at ${formatLocation(nearest)} does not ${side === 'left' ? 'end' : 'begin'} with the expected bytes`
      : 'no item would be removed'
    throw new VarveError('TRIM_MISMATCH', `${operation}: ${what}; nothing was removed`)
  }

  /** Makes durable what is seen of a file whose removal or trim failed: nobody may be told that there is nothing left to remove while a power loss could bring it back. */
  async #confirm(index: number): Promise<void> {
    const { writer, first } = this.#parts
    if (this.#doubtful.has(index) && index >= first.index) await writer.runTask(() => this.#replace(index, asItIs))
  }

  /** Puts another file in the place of this one, in one step. Runs within a task of the writer. */
  async #replace(index: number, content: (open: OpenFile) => AsyncIterable<Uint8Array>): Promise<void> {
    const { backend, files, writer } = this.#parts
    const name = files.naming.dataFile(index)
    const temporary = files.naming.temporary(index)
    const isActive = writer.flusher.active.index === index
    try {
      await files.with(index, (open) => writeReplacement(backend, temporary, content(open)))
    } catch (error) {
      throw backendFailure(`rewrite ${name}`, error)
    }
    try {
      await files.exclusive(index, async () => {
        writer.flusher.checkAlive()
        await backend.replace(temporary, name)
      })
    } catch (error) {
      const isUnchanged = isBackendError(error, 'BUSY')
      if (!isUnchanged) this.#doubtful.add(index)
      if (isActive && isUnchanged) await this.#reopenActive(index)
      // Which of the two stands there now, and for how long, is not known. Nothing may be added to it.
      else if (isActive) throw new VarveError('FAILED', `replace ${name}: what was written to it next might be lost`, { cause: error })
      throw backendFailure(`replace ${name}`, error)
    }
    this.#doubtful.delete(index)
    if (isActive) await this.#reopenActive(index)
  }

  async #reopenActive(index: number): Promise<void> {
    const { files, writer } = this.#parts
    try {
      const open = await files.acquire(index)
      if (!open) throw new Error('the file is gone')
      files.pin(open)
      files.release(open)
      const close = await readClose(open, files.identity.storeSeed)
      writer.flusher.takeOver(new ActiveFile(open, files.identity.storeSeed, { synced: open.end, endsInClose: close !== undefined }))
    } catch (error) {
      throw new VarveError('FAILED', `open ${files.naming.dataFile(index)} after its trim`, { cause: error })
    }
  }

  /** Removes a file: the first one as a whole, another one up to a stub, which keeps its index from being missed. Runs within a task of the writer. */
  async #remove(index: number): Promise<number> {
    const { files, emitter } = this.#parts
    const { storeSeed } = files.identity
    const { size, end } = await this.#look(`dropIndex ${index}`, index, async (open) => ({
      size: open.physical(open.end),
      end: await findEnd(open, storeSeed),
    }))
    // Behind one that may still be there, as its removal failed, a file must not go missing.
    if (index > this.#lowest) {
      await this.#replace(index, (open) => stub(open.header, end.sequence, end.timestamp, storeSeed))
    } else {
      await this.#removeFile(index)
    }
    await this.#removeStubs()
    emitter.emit('destroyIndex', { index, size })
    return size
  }

  // Stubs that come to stand first have nothing left to hold together.
  async #removeStubs(): Promise<void> {
    const { files, first } = this.#parts
    while (first.index === this.#lowest && (await files.with(first.index, async (open) => open.header.dropped)))
      await this.#removeFile(first.index)
  }

  /** Removes the file that stands first. */
  async #removeFile(index: number): Promise<void> {
    const { backend, files, writer, first } = this.#parts
    const name = files.naming.dataFile(index)
    // From here on nothing is read of it, whether or not the removal is seen to succeed.
    first.index = index + 1
    try {
      await files.exclusive(index, async () => {
        writer.flusher.checkAlive()
        await backend.remove(name)
      })
    } catch (error) {
      // Then nothing has changed. After any other error it may be gone, and come back with a power loss, until the next start.
      if (isBackendError(error, 'BUSY')) first.index = index
      throw backendFailure(`remove ${name}`, error)
    }
    this.#lowest = index + 1
  }
}

function removedBy(side: TrimSide, boundary: Boundary): Boundary['left'] {
  return side === 'left' ? boundary.left : boundary.right
}

/** Where a closed file's sequence and time stand. */
async function findEnd(open: OpenFile, storeSeed: number): Promise<{ readonly sequence: number; readonly timestamp: number }> {
  const last = await readLastBlock(open, storeSeed)
  return last ? { sequence: last.sequence + last.count, timestamp: last.timestamp } : { sequence: open.header.sequence, timestamp: 0 }
}

function checkUint32(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`${name} is a number, not ${typeof value}`)
  if (value >>> 0 !== value) throw new VarveError('INVALID_LOCATION', `${name} is a whole number up to 4294967295, not ${value}`)
}
