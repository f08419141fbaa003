import { BackendError, type FileBackend } from '@varve/backend'
import { backendFailure, isBackendError, VarveError } from '../errors.js'
import { decodeFileHeader, encodeFileHeader, FILE_HEADER_BYTES } from '../format/file-header.js'
import { proveEnd } from '../maintain/prove-end.js'
import { bytesOf, removeIfThere, writeReplacement } from '../maintain/rewrite-file.js'
import { KiB, MiB } from '../options.js'
import { BlockCursor, HEADER_CHUNK } from '../read/block-cursor.js'
import { isBlockValid } from '../read/check-block.js'
import { FileWindow } from '../read/file-window.js'
import { OpenFile, sameBytes } from '../read/open-file.js'
import { readBytes } from '../read/read-bytes.js'
import { readHead } from '../read/read-head.js'
import { inspectTail } from '../read/tail.js'

/** At most so much is written before a sync, unless one block has more. */
const SYNC_BYTES = 16 * MiB
/** So much of a file's end shows that one is the beginning of the other: its last block's header, or bytes of it. */
const COMPARED_BYTES = 64 * KiB

export interface CopyFileParts {
  readonly destination: FileBackend
  /** The file to copy, and the logical position up to which it is durable. */
  readonly open: OpenFile
  readonly limit: number
  readonly storeSeed: number
  /** The name that the copy has, and the one that it has until it is whole. */
  readonly name: string
  readonly temporary: string
  /** Whether what is there already is gone on with. */
  readonly incremental: boolean
  /** It is the last one that the destination has. Those before it were whole and durable before this one was begun. */
  readonly mayBeUnfinished: boolean
  /** Called with the bytes just done, and whether they had to be written. Throws where the copy was given up. */
  readonly onBytes: (bytes: number, written: boolean) => void
}

/** Makes the destination's file the same as this one, up to its limit. Whenever it is interrupted, the destination holds a valid file or none, and the next call goes on. */
export async function copyFile(parts: CopyFileParts): Promise<void> {
  const { destination, name, open, limit, incremental, onBytes } = parts
  if (open.headerFault) throw open.headerFault
  const found = incremental ? await openBeginning(parts) : undefined
  if (!found) return copyAnew(parts)
  try {
    onBytes(found.physical(found.end), false)
    if (found.end < limit) await extend(found, parts)
  } catch (error) {
    throw named(`copy ${name} to ${destination.description}`, error)
  } finally {
    await found.file.close().catch(() => undefined)
  }
}

/** What the destination has of the file: a beginning of it, made durable and cut to whole groups; undefined where there is nothing that could be gone on with. */
export async function openBeginning(parts: Omit<CopyFileParts, 'temporary' | 'incremental' | 'onBytes'>): Promise<OpenFile | undefined> {
  const { destination, name, open, limit, mayBeUnfinished } = parts
  const file = await destination.open(name).catch((error: unknown) => {
    if (isBackendError(error, 'NOT_FOUND')) return undefined
    throw backendFailure(`open ${name} in ${destination.description}`, error)
  })
  if (!file) return undefined
  let found: OpenFile | undefined
  try {
    const head = await readHead(file)
    const header = decodeFileHeader(head)
    if (typeof header === 'object' && sameBytes(head, encodeFileHeader(open.header))) {
      const there = new OpenFile(name, file, header, await file.size())
      const isUsable = mayBeUnfinished ? (await settle(there, parts)) && there.end <= limit : there.end === limit
      if (isUsable && (await isBeginning(there, open))) found = there
    }
    return found
  } catch (error) {
    throw backendFailure(`read ${name} in ${destination.description}`, error)
  } finally {
    if (!found) await file.close().catch(() => undefined)
  }
}

/** Cuts off what an interrupted copy left unfinished, and makes the rest durable. Whether the file can be gone on with. */
async function settle(there: OpenFile, parts: Pick<CopyFileParts, 'storeSeed'>): Promise<boolean> {
  const verdict = await inspectTail(there, parts.storeSeed)
  if (verdict.kind === 'damaged' || verdict.kind === 'unfinished') return false
  if (verdict.kind === 'torn') {
    await there.file.truncate(there.physical(verdict.from))
    there.end = verdict.from
    return settle(there, parts)
  }
  await proveEnd(there, verdict)
  return true
}

/** Whether the last bytes of what is there stand in the file too, at the same place. */
export async function isBeginning(there: OpenFile, open: OpenFile, compared = COMPARED_BYTES): Promise<boolean> {
  const length = Math.min(compared, there.end - open.header.trimOffset)
  const [ours, theirs] = [new Uint8Array(length), new Uint8Array(length)]
  const from = open.physical(there.end - length)
  return (await readBytes(open.file, ours, from)) === (await readBytes(there.file, theirs, from)) && sameBytes(ours, theirs)
}

/** Writes the whole file beside its place, checks it there, and puts it there in one step. */
async function copyAnew(parts: CopyFileParts): Promise<void> {
  const { destination, name, temporary } = parts
  try {
    await writeReplacement(destination, temporary, wholeFile(parts))
    await checkAnew(parts)
    await destination.replace(temporary, name)
  } catch (error) {
    await removeIfThere(destination, temporary).catch(() => undefined)
    throw named(`copy ${name} to ${destination.description}`, error)
  }
}

async function* wholeFile({ open, limit, onBytes }: CopyFileParts): AsyncGenerator<Uint8Array> {
  yield encodeFileHeader(open.header)
  onBytes(FILE_HEADER_BYTES, true)
  for await (const bytes of bytesOf(open, open.header.trimOffset, limit)) {
    yield bytes
    onBytes(bytes.length, true)
  }
}

async function checkAnew(parts: CopyFileParts): Promise<void> {
  const { destination, open, temporary } = parts
  const file = await destination.open(temporary)
  try {
    const written = new OpenFile(temporary, file, open.header, await file.size())
    const bad = await firstInvalid(written, open.header.trimOffset, parts)
    if (bad !== undefined) throw await whyInvalid(bad, parts)
  } finally {
    await file.close().catch(() => undefined)
  }
}

/**
 * Adds what the file has more. A block says up to where its file was durable before it was written: that is made true of the copy too, so that
 * a crash leaves a torn end, which is cut off, and never what would look like damage.
 */
export async function extend(there: OpenFile, parts: CopyFileParts): Promise<void> {
  const { open, limit, storeSeed, onBytes } = parts
  const cursor = new BlockCursor(new FileWindow(open, HEADER_CHUNK), storeSeed, there.end)
  while (there.end < limit) {
    const from = there.end
    const to = await nextStop(cursor, from, parts)
    for await (const bytes of bytesOf(open, from, to)) {
      await there.file.append([bytes], there.physical(there.end))
      there.end += bytes.length
      onBytes(bytes.length, true)
    }
    await there.file.sync()
    const bad = await firstInvalid(there, from, parts)
    if (bad === undefined) continue
    const why = await whyInvalid(bad, parts)
    await there.file.truncate(there.physical(bad))
    await there.file.sync()
    throw why
  }
}

/** The end of the blocks that may be written before the next sync. */
async function nextStop(cursor: BlockCursor, from: number, { open, limit }: CopyFileParts): Promise<number> {
  cursor.position = from
  let end = from
  while (end < limit) {
    const block = await cursor.next()
    if (!block || block.end > limit) {
      if (end > from) break
      throw damaged(open, end)
    }
    const { durablePosition } = block.header
    if (end > from && (durablePosition > from || block.end - from > SYNC_BYTES)) break
    end = block.end
  }
  return end
}

/** Reads back what was written from `from` on. The position of the first block that is not valid. */
async function firstInvalid(written: OpenFile, from: number, { storeSeed }: CopyFileParts): Promise<number | undefined> {
  const window = new FileWindow(written, MiB)
  const cursor = new BlockCursor(window, storeSeed, from)
  while (cursor.position < written.end) {
    const { position } = cursor
    const block = await cursor.next()
    if (!block || !(await isBlockValid(window, block, storeSeed))) return position
  }
  return undefined
}

async function whyInvalid(position: number, { open, storeSeed, destination, name }: CopyFileParts): Promise<VarveError> {
  const window = new FileWindow(open, MiB)
  const block = await new BlockCursor(window, storeSeed, position).next()
  if (!block || !(await isBlockValid(window, block, storeSeed))) return damaged(open, position)
  return new VarveError(
    'IO',
    `copy ${name}: what ${destination.description} gives back is not what was written to it at position ${position}`,
  )
}

/** What the caller's own `onBytes` threw stays as it is. */
function named(operation: string, error: unknown): unknown {
  return BackendError.is(error) ? backendFailure(operation, error) : error
}

function damaged({ name }: OpenFile, position: number): VarveError {
  return new VarveError(
    'CORRUPT',
    `copy ${name}: the block at position ${position} is damaged; what is before it has been copied. verify tells all that is damaged`,
  )
}
