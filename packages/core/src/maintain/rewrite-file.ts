import type { FileBackend } from '@varve/backend'
import { isBackendError, VarveError } from '../errors.js'
import { BLOCK_HEADER_BYTES, type BlockHeader, encodeBlockHeader } from '../format/block-header.js'
import { encodeFileHeader, type FileHeader } from '../format/file-header.js'
import { MiB } from '../options.js'
import type { OpenFile } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import { digestOf } from '../read/record-table.js'
import type { Boundary } from './boundary.js'

/** What stands in for a data file: written beside it and synced, so that it can take its place in one step. */
export async function writeReplacement(backend: FileBackend, name: string, parts: AsyncIterable<Uint8Array>): Promise<void> {
  await removeIfThere(backend, name)
  const file = await backend.create(name)
  try {
    let end = 0
    for await (const part of parts) {
      await file.append([part], end)
      end += part.length
    }
    await file.sync()
  } catch (error) {
    await file.close()
    // What is left of it is removed at the next start, if not now.
    await removeIfThere(backend, name).catch(() => undefined)
    throw error
  }
  await file.close()
}

export async function removeIfThere(backend: FileBackend, name: string): Promise<void> {
  await backend.remove(name).catch((error: unknown) => {
    if (!isBackendError(error, 'NOT_FOUND')) throw error
  })
}

/** The same file once more. */
export async function* asItIs(open: OpenFile): AsyncGenerator<Uint8Array> {
  yield encodeFileHeader(open.header)
  yield* bytesOf(open, open.header.trimOffset, open.end)
}

/** The file without what lies before the boundary. No position moves and no block is added: a block that is cut gets a new header directly before its first kept record. */
export async function* withoutLeft(open: OpenFile, boundary: Boundary, storeSeed: number): AsyncGenerator<Uint8Array> {
  const { split, position, sequence } = boundary
  const trimOffset = split ? position - BLOCK_HEADER_BYTES : position
  // Without the first block, nothing is left of a transaction that began in a file before: damage here must not undo what is left of it there.
  const isFirstKept = split?.block.position === open.header.trimOffset
  const groupStart = isFirstKept ? open.header.groupStart : { index: open.index, position: 0 }
  yield encodeFileHeader({ ...open.header, trimOffset, sequence, groupStart })
  if (split) {
    const { block, table, before } = split
    const length = block.end - position
    const header = {
      ...block.header,
      length,
      count: block.header.count - before,
      sequence,
      digest: digestOf(table, before, block.header.count, storeSeed),
    }
    yield encodeBlockHeader(header, { storeSeed, index: open.index, position: trimOffset })
  }
  yield* bytesOf(open, position, open.end)
}

/** The file without what begins at the boundary or behind it, ended by a closing block that carries the sequence on. */
export async function* withoutRight(open: OpenFile, boundary: Boundary, storeSeed: number): AsyncGenerator<Uint8Array> {
  const { split, position, lastTime, endSequence } = boundary
  const { index } = open
  // Where the file behind it goes missing, as in a copy that was broken off, nothing may take the places of what goes.
  yield encodeFileHeader({ ...open.header, ended: true })
  yield* bytesOf(open, open.header.trimOffset, split ? split.block.position : position)
  if (split) {
    const { block, table, before } = split
    const length = position - block.start
    // What its group went on with is gone: the group ends here.
    const header = { ...block.header, continues: false, length, count: before, digest: digestOf(table, 0, before, storeSeed) }
    yield encodeBlockHeader(header, { storeSeed, index, position: block.position })
    yield* bytesOf(open, block.start, position)
  }
  yield encodeBlockHeader(closing(position, endSequence, lastTime, storeSeed), { storeSeed, index, position })
}

/** What stands for a dropped file between others: a header and a closing block. */
export async function* stub(original: FileHeader, endSequence: number, lastTime: number, storeSeed: number): AsyncGenerator<Uint8Array> {
  const { index } = original
  yield encodeFileHeader({ ...original, trimOffset: 0, groupStart: { index, position: 0 }, dropped: true })
  yield encodeBlockHeader(closing(0, endSequence, lastTime, storeSeed), { storeSeed, index, position: 0 })
}

export function closing(position: number, sequence: number, timestamp: number, storeSeed: number): BlockHeader {
  return { continues: false, close: true, length: 0, count: 0, sequence, timestamp, durablePosition: position, digest: storeSeed }
}

export async function* bytesOf(open: OpenFile, from: number, to: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(Math.min(MiB, Math.max(0, to - from)))
  for (let at = from; at < to; ) {
    const read = await readFully(open, buffer.subarray(0, Math.min(buffer.length, to - at)), open.physical(at))
    yield read
    at += read.length
  }
}

async function readFully({ file, name }: OpenFile, target: Uint8Array, position: number): Promise<Uint8Array> {
  const read = await readBytes(file, target, position)
  if (read < target.length)
    throw new VarveError('IO', `read ${name}: it ended at ${position + read}, ${target.length - read} bytes too early`)
  return target
}
