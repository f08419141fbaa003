import { crc32 } from 'node:zlib'
import fc from 'fast-check'

export const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

/** zlib's CRC-32 as the signed number that a checksum is in memory; the seed may be either. */
export function signedCrc32(bytes: Uint8Array, seed = 0): number {
  return crc32(bytes, seed >>> 0) | 0
}
