/**
 * @internal 64 bits in two lanes, to tell equal contents apart from others among millions of states. Not for integrity: two states that
 * happen to share a hash would only be tried once.
 */
export interface ContentHash {
  readonly low: number
  readonly high: number
}

const emptyHash: ContentHash = { low: 0x811c9dc5 | 0, high: 0x9747b28c | 0 }

/** The hash of `bytes` behind what `start` is the hash of. */
export function hashBytes(bytes: Uint8Array, start: ContentHash = emptyHash): ContentHash {
  let { low, high } = start
  const { length } = bytes
  let at = 0
  // An index, since the iterator of a typed array takes three times as long.
  while (at < length) {
    const byte = bytes[at++]!
    low = Math.imul(low ^ byte, 0x01000193)
    high = Math.imul((high ^ byte) + (high >>> 15), 0x85ebca6b)
  }
  return { low, high }
}

export function hashName(name: string): ContentHash {
  return hashBytes(Uint8Array.from(name, (letter) => letter.charCodeAt(0)))
}

/** The hash of a container, by the hashes of its names and contents in whatever order. Sixteen hexadecimal digits. */
export function hashFiles(files: Iterable<readonly [name: ContentHash, content: ContentHash]>): string {
  let low = 0
  let high = 0
  for (const [name, content] of files) {
    low = (low + mix(name.low, content.low, content.high)) | 0
    high = (high + mix(name.high, content.high, content.low)) | 0
  }
  return hexadecimal(high) + hexadecimal(low)
}

function mix(a: number, b: number, c: number): number {
  let mixed = Math.imul(a ^ (b >>> 16) ^ b, 0x7feb352d)
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ c, 0x846ca68b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function hexadecimal(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
