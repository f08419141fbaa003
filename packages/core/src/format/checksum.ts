import { platform } from '#platform'
import { crc32OfUint32 } from '../platform/crc32-table.js'

/** Ties every checksum of a store to it: bytes of another store never pass. A signed 32-bit number. */
export function storeSeedOf(storeId: Uint8Array): number {
  return platform.crc32(storeId, 0)
}

/** Ties a block header to its file and position as well: a block found elsewhere never passes. */
export function blockSeedOf(storeSeed: number, index: number, position: number): number {
  return crc32OfUint32(position, crc32OfUint32(index, storeSeed))
}
