import { platform } from '#platform'

/** A bit of a sequence of bytes. */
export interface BitPlace {
  readonly byte: number
  /** Its value in the byte: 1, 2, 4, … 128. */
  readonly bit: number
}

/**
 * The bits of `length` bytes followed by their CRC-32, found by what a flip of each does to the checksum: the difference (exclusive or) of the stored and
 * the computed one. It depends on neither the bytes nor the seed, and is another one for each bit.
 */
export class FlippedBits {
  readonly #places = new Map<number, BitPlace>()

  constructor(length: number) {
    const bytes = new Uint8Array(length)
    const zero = platform.crc32(bytes, 0)
    for (let byte = 0; byte < length; byte++) {
      for (let bit = 1; bit < 256; bit <<= 1) {
        bytes[byte] = bit
        this.#places.set(platform.crc32(bytes, 0) ^ zero, { byte, bit })
      }
      bytes[byte] = 0
    }
    for (let n = 0; n < 32; n++) this.#places.set(1 << n, { byte: length + (n >>> 3), bit: 1 << (n & 7) })
  }

  /** The one bit whose flip explains the difference; undefined where more than one was flipped. */
  find(difference: number): BitPlace | undefined {
    return this.#places.get(difference)
  }
}

/** A copy with that bit flipped. */
export function flipped(bytes: Uint8Array, { byte, bit }: BitPlace): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[byte] = (copy[byte] as number) ^ bit
  return copy
}
