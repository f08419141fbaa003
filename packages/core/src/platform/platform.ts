/** What the engine takes from the runtime it runs in. The Node and the portable version agree on every byte. */
export interface Platform {
  /** CRC-32 (zlib, IEEE) of `bytes` from `start` to `end`, continued from `seed`; both are signed 32-bit numbers, as all checksums in memory are: an unsigned one takes an object on the heap where it is 2^31 or more. */
  crc32(bytes: Uint8Array, seed: number, start?: number, end?: number): number

  /** A large piece of memory of its own whose bytes are not set to anything. */
  allocateSlab(size: number): Uint8Array

  /** Memory for an item that goes to the caller; it may share its `ArrayBuffer` with others that were given out. */
  allocateItem(size: number): Uint8Array

  /** Calls back once everything that is ready to run now has run: no delay, one turn of the event loop. */
  nextTurn(callback: () => void): void

  /** Calls `flush` before the program ends by itself, having nothing left to do; returns the way to take it back. */
  onNaturalExit(flush: () => Promise<void>): () => void
}
