import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { correctFileHeader, FILE_HEADER_BYTES, type FileHeader } from '../format/file-header.js'
import { readUint32 } from '../format/record.js'
import type { FileWindow } from './file-window.js'
import type { Loading } from './loads.js'
import { type StoreIdentity, sameBytes } from './open-file.js'

/**
 * What a file's damaged header must have said, as far as the rest of the file proves it: undefined where nothing does. A block header is valid only in its own store,
 * file and position, so one of them is enough to show where the file begins. What no block can show, the sequence of a file whose first block is damaged too and a group that
 * is open at its first byte, only the files before it know.
 *
 * `window` is over the file as if nothing had been trimmed from it.
 */
export function* rescueHeader(window: FileWindow, bytes: Uint8Array, identity: StoreIdentity): Loading<FileHeader | undefined> {
  const { index } = window.open
  const corrected = correctFileHeader(bytes)
  if (
    corrected &&
    corrected.index === index &&
    sameBytes(corrected.storeId, identity.storeId) &&
    sameBytes(corrected.genesis, identity.genesis)
  ) {
    return corrected
  }
  const padded = new Uint8Array(FILE_HEADER_BYTES)
  padded.set(bytes)
  const found = yield* findBlock(window, identity.storeSeed, readUint32(padded, 36))
  if (!found) return undefined
  const { trimOffset, header } = found
  const flags = readUint32(padded, 56)
  const isStub = header.close && window.open.end <= BLOCK_HEADER_BYTES
  const groupStart = { index, position: 0 }
  const base = { genesis: identity.genesis, storeId: identity.storeId, index, trimOffset, sequence: header.sequence, groupStart }
  return { ...base, dropped: isStub && flags === 1, ...(flags === 2 && { lost: true }) }
}

interface FoundBlock {
  readonly trimOffset: number
  readonly header: BlockHeader
}

/** The first block header that is valid under any position that the file may be thought to begin with. */
function* findBlock(window: FileWindow, storeSeed: number, saidOffset: number): Loading<FoundBlock | undefined> {
  const { index, end } = window.open
  for (let start = 0; start + BLOCK_HEADER_BYTES <= end; start = window.end - BLOCK_HEADER_BYTES + 1) {
    if (!(yield { position: start, least: BLOCK_HEADER_BYTES })) return undefined
    const { bytes } = window
    for (let at = bytes.indexOf(MAGIC); at >= 0 && at + BLOCK_HEADER_BYTES <= bytes.length; at = bytes.indexOf(MAGIC, at + 1)) {
      if (readUint32(bytes, at) !== BLOCK_MAGIC) continue
      // Most files were never trimmed; and most blocks, closing ones always, say that everything up to themselves was durable.
      for (const trimOffset of new Set([0, saidOffset, readUint32(bytes, at + 32) - (start + at)])) {
        const position = start + at + trimOffset
        if (trimOffset < 0 || position > 0xffffffff) continue
        const header = readBlockHeader(bytes, at, { storeSeed, index, position })
        if (header) return { trimOffset, header }
      }
    }
  }
  return undefined
}

const MAGIC = BLOCK_MAGIC & 0xff

/** The file as it would be if nothing had been trimmed from it: what is known before its header is. */
export function untrimmed(index: number, identity: StoreIdentity): FileHeader {
  const { genesis, storeId } = identity
  return { genesis, storeId, index, trimOffset: 0, sequence: 0, groupStart: { index, position: 0 }, dropped: false }
}
