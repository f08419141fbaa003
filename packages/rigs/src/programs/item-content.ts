const contents = new Map<string, Uint8Array>()

/** The bytes of the `number`-th item of a program: the same ones for the same number and size, other ones for any other among 256 in a row. To be left alone. */
export function contentOf(number: number, size: number): Uint8Array {
  const key = `${number}/${size}`
  let bytes = contents.get(key)
  if (!bytes) {
    let state = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(size, 0x85ebca6b)
    bytes = Uint8Array.from({ length: size }, () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5
      return state >>> 24
    })
    // Of all that is random a single byte is too little: two items that are under way at once must not be taken for each other.
    if (size > 0) bytes[0] = Math.imul(number, 167) + Math.imul(size, 59)
    // A program that runs for hours must not fill the memory with it.
    if (contents.size > 10_000) contents.clear()
    contents.set(key, bytes)
  }
  return bytes
}
