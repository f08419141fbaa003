import { crc32 } from 'node:zlib'

/** zlib's CRC-32 as the signed number that a checksum is in memory; the seed may be either. */
export function signedCrc32(bytes: Uint8Array, seed = 0): number {
  return crc32(bytes, seed >>> 0) | 0
}
