import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { readUint32 } from '../format/record.js'
import type { FileWindow } from './file-window.js'
import { type Loading, run } from './loads.js'

/** A block header that stands in a file, with nothing said of what follows it. */
export interface PlacedHeader {
  readonly position: number
  readonly header: BlockHeader
}

const OVERLAP = BLOCK_HEADER_BYTES - 1
const FIRST_MAGIC_BYTE = BLOCK_MAGIC & 0xff

/** The first block header at `from` or behind it that is wanted. Looks at every byte: a header is valid only in its own place, so what is found was written there. */
export function findHeader(
  window: FileWindow,
  from: number,
  storeSeed: number,
  isWanted: (header: BlockHeader) => boolean = () => true,
): Promise<PlacedHeader | undefined> {
  return run(window, findHeaderLoading(window, from, storeSeed, isWanted))
}

/** Whether bytes at `position` were durable once: a block behind them says so. */
export function* isProven(window: FileWindow, position: number, storeSeed: number): Loading<boolean> {
  return (yield* findHeaderLoading(window, position + 1, storeSeed, ({ durablePosition }) => durablePosition > position)) !== undefined
}

function* findHeaderLoading(
  window: FileWindow,
  from: number,
  storeSeed: number,
  isWanted: (header: BlockHeader) => boolean,
): Loading<PlacedHeader | undefined> {
  const { index, end } = window.open
  for (let start = from; start + BLOCK_HEADER_BYTES <= end; start = window.end - OVERLAP) {
    if (!(yield { position: start, least: BLOCK_HEADER_BYTES })) return undefined
    const { bytes } = window
    for (
      let at = bytes.indexOf(FIRST_MAGIC_BYTE);
      at >= 0 && at + BLOCK_HEADER_BYTES <= bytes.length;
      at = bytes.indexOf(FIRST_MAGIC_BYTE, at + 1)
    ) {
      if (readUint32(bytes, at) !== BLOCK_MAGIC) continue
      const header = readBlockHeader(bytes, at, { storeSeed, index, position: start + at })
      if (header && isWanted(header)) return { position: start + at, header }
    }
  }
  return undefined
}
