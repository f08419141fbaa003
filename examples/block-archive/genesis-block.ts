/** The first block of Bitcoin's main network, of 3 January 2009. */
export const genesisBlock: Uint8Array = Buffer.from(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa' +
    '4b1e5e4a29ab5f49ffff001d1dac2b7c01010000000100000000000000000000000000000000000000000000000000000000000000' +
    '00ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e' +
    '64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f' +
    '61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
  'hex',
)

/** A block that follows another, made up: its proof of work is none, and its body is zeros. */
export function madeUpBlock(number: number, size: number): Uint8Array {
  const block = Buffer.alloc(size)
  block.writeUInt32LE(1, 0)
  block.writeUInt32LE(number, 4)
  return block
}
