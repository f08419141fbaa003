// CRC-32 as in zlib and IEEE 802.3, eight bytes a step (slicing by 8).
const SLICES = 8
const tables = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(256 * SLICES)
  for (let byte = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
    made[byte] = remainder
  }
  for (let entry = 256; entry < made.length; entry++) {
    const previous = at(made, entry - 256)
    made[entry] = (previous >>> 8) ^ at(made, previous & 0xff)
  }
  return made
}

function at(table: Int32Array, index: number): number {
  return table[index] as number
}

/** CRC-32 of `bytes` from `start` to `end`, continued from `seed`. */
export function tableCrc32(bytes: Uint8Array, seed: number, start: number, end: number): number {
  let crc = ~seed
  let at8 = start
  for (const last = end - 7; at8 < last; at8 += 8) {
    const low =
      crc ^
      ((bytes[at8] as number) | ((bytes[at8 + 1] as number) << 8) | ((bytes[at8 + 2] as number) << 16) | ((bytes[at8 + 3] as number) << 24))
    crc =
      (tables[1792 + (low & 0xff)] as number) ^
      (tables[1536 + ((low >>> 8) & 0xff)] as number) ^
      (tables[1280 + ((low >>> 16) & 0xff)] as number) ^
      (tables[1024 + (low >>> 24)] as number) ^
      (tables[768 + (bytes[at8 + 4] as number)] as number) ^
      (tables[512 + (bytes[at8 + 5] as number)] as number) ^
      (tables[256 + (bytes[at8 + 6] as number)] as number) ^
      (tables[bytes[at8 + 7] as number] as number)
  }
  for (; at8 < end; at8++) crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[at8] as number)) & 0xff] as number)
  return ~crc
}

/** CRC-32 of a little-endian 32-bit number, continued from `seed`. */
export function crc32OfUint32(value: number, seed: number): number {
  const low = ~seed ^ value
  return ~(
    (tables[768 + (low & 0xff)] as number) ^
    (tables[512 + ((low >>> 8) & 0xff)] as number) ^
    (tables[256 + ((low >>> 16) & 0xff)] as number) ^
    (tables[low >>> 24] as number)
  )
}
