import { platform } from '#platform'
import { BLOCK_HEADER_BYTES, writeBlockHeader } from '../format/block-header.js'
import { addToDigest, RECORD_HEADER_BYTES, recordSeed, writeRecordHeader } from '../format/record.js'
import { MiB } from '../options.js'
import type { ActiveFile } from './active-file.js'

// Some milliseconds without a turn of the event loop, at most.
const BYTES_A_TURN = 16 * MiB

/** Memory of one size. */
export type OversizedPieces = readonly [Uint8Array, Uint8Array]

export interface OversizedPlace {
  readonly storeSeed: number
  readonly sequence: number
  readonly timestamp: number
}

/**
 * Writes an item that the buffer can't hold, as a block of its own at the file's end, through two pieces of memory: while one is written
 * the other one is filled. The bytes are gone through twice: a block begins with the checksum of what follows, and what is summed must be
 * what is written, even where the caller changes its buffer against the rules: then nothing is written, and the second pass says so.
 */
export async function writeOversized(active: ActiveFile, data: Uint8Array, place: OversizedPlace, pieces: OversizedPieces): Promise<void> {
  const { storeSeed, sequence, timestamp } = place
  const size = data.length
  const position = active.end
  const seed = recordSeed(size, storeSeed)
  const crc = await checksum(data, seed)
  const head = new Uint8Array(BLOCK_HEADER_BYTES + RECORD_HEADER_BYTES)
  const header = {
    continues: false,
    close: false,
    length: RECORD_HEADER_BYTES + size,
    count: 1,
    sequence,
    timestamp,
    durablePosition: active.synced,
    digest: addToDigest(storeSeed, size, crc),
  }
  writeBlockHeader(head, 0, header, { storeSeed, index: active.index, position })
  writeRecordHeader(head, BLOCK_HEADER_BYTES, size, crc)
  let written = seed
  let left = size
  function* parts(): Generator<readonly Uint8Array[]> {
    yield [head]
    for (const part of copies(data, pieces)) {
      written = platform.crc32(part, written)
      left -= part.length
      yield [part]
    }
  }
  await active.appendParts(parts(), () => written === crc && left === 0)
}

async function checksum(data: Uint8Array, seed: number): Promise<number> {
  let crc = seed
  for (let from = 0; from < data.length; from += BYTES_A_TURN) {
    if (from > 0) await new Promise<void>((resolve) => platform.nextTurn(resolve))
    crc = platform.crc32(data, crc, from, Math.min(from + BYTES_A_TURN, data.length))
  }
  return crc
}

function* copies(data: Uint8Array, [first, second]: OversizedPieces): Generator<Uint8Array> {
  for (let from = 0, piece = first; from < data.length; from += piece.length, piece = piece === first ? second : first) {
    const part = data.subarray(from, from + piece.length)
    piece.set(part)
    yield piece.subarray(0, part.length)
  }
}
