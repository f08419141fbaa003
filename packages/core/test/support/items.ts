import { createHash } from 'node:crypto'

/** An item of `size` bytes that is unlike the others. */
export function item(size: number, seed = size): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = (seed * 2654435761 + 1) >>> 0
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** So many items of `size` bytes, each unlike the others. */
export function items(count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => item(size, n + 1))
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

/** What stands for bytes that are many: the matchers of the test runner look at each. */
export function digest(bytes: Uint8Array | undefined): string | undefined {
  return bytes && `${bytes.length} bytes, ${createHash('sha1').update(bytes).digest('hex')}`
}
