import { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockHeader, readBlockHeader } from '../format/block-header.js'
import { correctFileHeader, FILE_HEADER_BYTES, type FileHeader, readFlags } from '../format/file-header.js'
import { LEAST_RECORD_BYTES, readUint32 } from '../format/record.js'
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
export function* rescueHeader(window: FileWindow, bytes: Uint8Array, identity: StoreIdentity): Loading<RescuedHeader | undefined> {
  const { index } = window.open
  const corrected = correctFileHeader(bytes)
  if (
    corrected &&
    corrected.index === index &&
    sameBytes(corrected.storeId, identity.storeId) &&
    sameBytes(corrected.genesis, identity.genesis)
  ) {
    return { header: corrected, isSequenceKnown: true }
  }
  const padded = new Uint8Array(FILE_HEADER_BYTES)
  padded.set(bytes)
  const found = yield* findBlock(window, identity.storeSeed, readUint32(padded, 36))
  if (!found) return undefined
  const { trimOffset } = found
  const first = found.position === trimOffset ? found.header : yield* headerAtStart(window, trimOffset, identity.storeSeed)
  const flags = readFlags(padded)
  const isStub = found.header.close && window.open.end <= BLOCK_HEADER_BYTES
  const groupStart = { index, position: 0 }
  const said = Number(readUint64(padded, 40))
  const before = found.header.sequence - said
  // It is believed if no more records come before that block than there is room for. No file but the first one begins with 0, and zeros are what many a damaged sector reads as.
  const isBelieved = before >= 0 && before <= (found.position - trimOffset) / LEAST_RECORD_BYTES && (said > 0 || index === 0)
  const sequence = first?.sequence ?? (isBelieved ? said : found.header.sequence)
  const base = { genesis: identity.genesis, storeId: identity.storeId, index, trimOffset, sequence, groupStart }
  const rescued = { ...base, ...flags, dropped: isStub && flags?.dropped === true }
  return { header: rescued, isSequenceKnown: first !== undefined || isBelieved }
}

/** A header that was made out, and whether its sequence is among what is known of it. */
export interface RescuedHeader {
  readonly header: FileHeader
  readonly isSequenceKnown: boolean
}

/** The header of the first block, where it is intact. `window` is over the file as if nothing had been trimmed from it. */
function* headerAtStart(window: FileWindow, trimOffset: number, storeSeed: number): Loading<BlockHeader | undefined> {
  if (!(yield { position: 0, least: BLOCK_HEADER_BYTES })) return undefined
  return readBlockHeader(window.bytes, 0, { storeSeed, index: window.open.index, position: trimOffset })
}

interface FoundBlock {
  readonly trimOffset: number
  readonly position: number
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
        if (header) return { trimOffset, position, header }
      }
    }
  }
  return undefined
}

const MAGIC = BLOCK_MAGIC & 0xff

function readUint64(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true)
}

/** The file as it would be if nothing had been trimmed from it: what is known before its header is. */
export function untrimmed(index: number, identity: StoreIdentity): FileHeader {
  const { genesis, storeId } = identity
  return { genesis, storeId, index, trimOffset: 0, sequence: 0, groupStart: { index, position: 0 }, dropped: false }
}
