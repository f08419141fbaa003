/** Stands for Node's where tests only compare digests: a checksum, at once, which a page has none of. */
export function createHash(): { update(bytes: Uint8Array): { digest(): string } } {
  return {
    update: (bytes) => ({
      digest() {
        let state = 0x811c9dc5
        for (const byte of bytes) state = Math.imul(state ^ byte, 0x01000193) >>> 0
        return state.toString(16)
      },
    }),
  }
}
