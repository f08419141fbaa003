import { BLOCK_HEADER_BYTES, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { MiB } from '../options.js'
import { BlockCursor } from './block-cursor.js'
import { isRestZero } from './diagnose.js'
import { FileWindow } from './file-window.js'
import { findHeader } from './find-header.js'
import { run } from './loads.js'
import type { OpenFile } from './open-file.js'
import { UnprovenBlocks } from './unproven-blocks.js'

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

/** The last block of a file, as far as headers tell: the closing one, unless the file is the one that is written, or space that was taken ahead follows it. */
export async function readLastBlock(open: OpenFile, storeSeed: number): Promise<BlockHeader | undefined> {
  return (await readClose(open, storeSeed)) ?? (await walkHeaders(new FileWindow(open, MiB), storeSeed)).last
}

/** The sequence behind the last whole block, as far as it can be seen. */
export async function readEnd(open: OpenFile, storeSeed: number): Promise<number> {
  const last = await readLastBlock(open, storeSeed)
  return last ? last.sequence + last.count : open.header.sequence
}

/** Looks at a file's end. A clean one costs one read, whatever the file's size. */
export async function inspectTail(open: OpenFile, storeSeed: number): Promise<TailVerdict> {
  const close = await readClose(open, storeSeed)
  if (close && !close.continues && close.durablePosition === open.end - BLOCK_HEADER_BYTES) return { kind: 'clean', last: close }
  const window = new FileWindow(open, MiB)
  const { end, unproven, last } = await walkHeaders(window, storeSeed)
  const bad = await unproven.firstInvalid(window, storeSeed)
  const from = bad?.position ?? end
  if (from < open.end && !(await run(window, isRestZero(window, from)))) {
    const proof = await findHeader(window, from + 1, storeSeed, ({ durablePosition }) => durablePosition > from)
    if (proof) return { kind: 'damaged', from, next: proof.position }
  }
  const { group } = bad ?? unproven
  if (group === 'earlier file') return { kind: 'unfinished' }
  if (group !== undefined) return { kind: 'torn', from: group }
  if (bad || !(await run(window, isRestZero(window, from)))) return { kind: 'torn', from }
  return { kind: 'whole', last, durablePosition: unproven.durablePosition, zerosFrom: from }
}

interface HeaderWalk {
  /** The place behind the last block whose header is intact. */
  readonly end: number
  readonly last: BlockHeader | undefined
  readonly unproven: UnprovenBlocks
}

async function walkHeaders(window: FileWindow, storeSeed: number): Promise<HeaderWalk> {
  const cursor = new BlockCursor(window, storeSeed)
  const unproven = unprovenIn(window.open)
  let last: BlockHeader | undefined
  for (let block = await cursor.next(); block; block = await cursor.next()) {
    last = block.header
    unproven.add(block)
  }
  return { end: cursor.position, last, unproven }
}

/** A file before its first block was looked at. */
export function unprovenIn({ header }: OpenFile): UnprovenBlocks {
  return new UnprovenBlocks(header.trimOffset, header.groupStart.index === header.index ? undefined : 'earlier file')
}
