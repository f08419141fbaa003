import { BLOCK_HEADER_BYTES, type BlockHeader, decodeFileHeader, FILE_HEADER_BYTES, readBlockHeader, storeSeedOf } from '@varve/core/format'
import type { FoundStore } from '../store/find-store.js'
import { openDataFile } from '../store/open-data-file.js'

/** Whether the store was stopped properly: its last file ends in a closing block, and the next start has nothing to recover. */
export async function isClean(found: FoundStore): Promise<boolean> {
  const last = found.files.at(-1)
  if (!last) return false
  const file = await openDataFile(last, found)
  try {
    const size = await file.size()
    const head = Buffer.alloc(FILE_HEADER_BYTES)
    await file.read(head, 0)
    const header = decodeFileHeader(head)
    if (typeof header === 'string' || size < FILE_HEADER_BYTES + BLOCK_HEADER_BYTES) return false
    const tail = Buffer.alloc(BLOCK_HEADER_BYTES)
    await file.read(tail, size - BLOCK_HEADER_BYTES)
    const position = size - BLOCK_HEADER_BYTES - FILE_HEADER_BYTES + header.trimOffset
    const block = readBlockHeader(tail, 0, { storeSeed: storeSeedOf(header.storeId), index: last.index, position })
    return block !== undefined && isClosing(block, position)
  } finally {
    await file.close()
  }
}

function isClosing({ close, continues, durablePosition }: BlockHeader, position: number): boolean {
  return close && !continues && durablePosition === position
}
