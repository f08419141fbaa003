/** Whether all of the bytes are zero: space that was never written. Looks at four of them at a time, where they lie so. */
export function isZero(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes
  const first = Math.min(length, -byteOffset & 3)
  const words = length - first < 4 ? new Uint32Array() : new Uint32Array(buffer, byteOffset + first, (length - first) >> 2)
  for (const word of words) if (word !== 0) return false
  for (let at = 0; at < first; at++) if (bytes[at] !== 0) return false
  for (let at = first + words.length * 4; at < length; at++) if (bytes[at] !== 0) return false
  return true
}
