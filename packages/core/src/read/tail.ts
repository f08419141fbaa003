import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { readUint32 } from '../format/record.js'
import { MiB } from '../options.js'
import { BlockCursor, type PlacedBlock } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import { isRestZero } from './diagnose.js'
import { FileWindow } from './file-window.js'
import { run } from './loads.js'
import type { OpenFile } from './open-file.js'

/** How the last file ends. Positions are logical. */
export type TailVerdict =
  /** In a closing block: a clean stop. */
  | { readonly kind: 'clean'; readonly last: BlockHeader }
  /** In a valid block that ends its group, or with no block at all. `durablePosition`: from where on nothing proves that the bytes are on stable storage. */
  | { readonly kind: 'whole'; readonly last: BlockHeader | undefined; readonly durablePosition: number; readonly zerosFrom: number }
  /** From `from` on there is an unfinished write, or a transaction without its end. */
  | { readonly kind: 'torn'; readonly from: number }
  /** The whole file is part of a transaction without its end, which began in a file before it. */
  | { readonly kind: 'unfinished' }
  /** Bytes that were durable once are damaged. `next`: the position of a block behind them that proves it. */
  | { readonly kind: 'damaged'; readonly from: number; readonly next: number }

/** The closing block at the very end of a file, where there is one. */
export async function readClose(open: OpenFile, storeSeed: number): Promise<BlockHeader | undefined> {
  const position = open.end - BLOCK_HEADER_BYTES
  if (position < open.header.trimOffset) return undefined
  const window = new FileWindow(open, BLOCK_HEADER_BYTES)
  if (!(await window.load(position, BLOCK_HEADER_BYTES))) return undefined
  const header = readBlockHeader(window.bytes, 0, { storeSeed, index: open.index, position })
  return header?.close ? header : undefined
}

/** The sequence behind the last whole block, as far as it can be seen. */
export async function readEnd(open: OpenFile, storeSeed: number): Promise<number> {
  const close = await readClose(open, storeSeed)
  const last = close ?? (await walkHeaders(new FileWindow(open, MiB), storeSeed)).last
  return last ? last.sequence + last.count : open.header.sequence
}

/** Looks at a file's end. A clean one costs one read, whatever the file's size. */
export async function inspectTail(open: OpenFile, storeSeed: number): Promise<TailVerdict> {
  const close = await readClose(open, storeSeed)
  if (close && !close.continues && close.durablePosition === open.end - BLOCK_HEADER_BYTES) return { kind: 'clean', last: close }
  const window = new FileWindow(open, MiB)
  const { end, unproven, durablePosition, last } = await walkHeaders(window, storeSeed)
  const bad = await firstInvalid(window, unproven, storeSeed)
  const from = bad?.block.position ?? end.position
  if (from < open.end && !(await run(window, isRestZero(window, from)))) {
    const next = await findProof(window, from, storeSeed)
    if (next !== undefined) return { kind: 'damaged', from, next }
  }
  const group = bad ? bad.group : end.group
  if (group === 'earlier file') return { kind: 'unfinished' }
  if (group !== undefined) return { kind: 'torn', from: group }
  if (bad || !(await run(window, isRestZero(window, from)))) return { kind: 'torn', from }
  return { kind: 'whole', last, durablePosition, zerosFrom: from }
}

/** Where the group began that is open at a place; undefined where none is. */
type OpenGroup = number | 'earlier file' | undefined

interface Unproven {
  readonly block: PlacedBlock
  /** The group that is open at the block's first byte. */
  readonly group: OpenGroup
}

interface HeaderWalk {
  /** The place behind the last block whose header is intact. */
  readonly end: { readonly position: number; readonly group: OpenGroup }
  readonly last: BlockHeader | undefined
  /** Everything before it was durable when the last block was written. */
  readonly durablePosition: number
  /** The blocks from there on. */
  readonly unproven: readonly Unproven[]
}

async function walkHeaders(window: FileWindow, storeSeed: number): Promise<HeaderWalk> {
  const { header } = window.open
  const cursor = new BlockCursor(window, storeSeed)
  let unproven: Unproven[] = []
  let group: OpenGroup = header.groupStart.index === header.index ? undefined : 'earlier file'
  let durablePosition = header.trimOffset
  let last: BlockHeader | undefined
  for (let block = await cursor.next(); block; block = await cursor.next()) {
    last = block.header
    if (last.durablePosition > durablePosition) {
      durablePosition = last.durablePosition
      unproven = unproven.filter((earlier) => earlier.block.position >= durablePosition)
    }
    unproven.push({ block, group })
    group = last.continues ? (group ?? block.position) : undefined
  }
  return { end: { position: cursor.position, group }, last, durablePosition, unproven }
}

async function firstInvalid(window: FileWindow, unproven: readonly Unproven[], storeSeed: number): Promise<Unproven | undefined> {
  for (const candidate of unproven) {
    if (!(await isBlockValid(window, candidate.block, storeSeed))) return candidate
  }
  return undefined
}

const OVERLAP = BLOCK_HEADER_BYTES - 1
const FIRST_MAGIC_BYTE = BLOCK_MAGIC & 0xff

/** The position of a block header behind `from` which says that `from` was durable when it was written. */
async function findProof(window: FileWindow, from: number, storeSeed: number): Promise<number | undefined> {
  const { index, end } = window.open
  for (let start = from + 1; start + BLOCK_HEADER_BYTES <= end; start = window.end - OVERLAP) {
    if (!(await window.load(start, BLOCK_HEADER_BYTES))) return undefined
    const { bytes } = window
    for (let at = bytes.indexOf(FIRST_MAGIC_BYTE); at >= 0 && at + BLOCK_HEADER_BYTES <= bytes.length; at = bytes.indexOf(FIRST_MAGIC_BYTE, at + 1)) {
      if (readUint32(bytes, at) !== BLOCK_MAGIC) continue
      const header = readBlockHeader(bytes, at, { storeSeed, index, position: start + at })
      if (header && header.durablePosition > from) return start + at
    }
  }
  return undefined
}
