/** Where a block stands in a file, in bytes from the file's beginning, as FORMAT.md says. Read by other code than the engine's, so that a mistake of the engine is not the rig's too. */
export interface StoredBlock {
  readonly offset: number
  /** Behind its last record. */
  readonly end: number
  readonly sequence: number
  readonly count: number
  readonly continues: boolean
  readonly isClose: boolean
  /** Everything of the file before this offset was durable when the block was written. */
  readonly durableOffset: number
}

const FILE_HEADER = 64
const BLOCK_HEADER = 44
const VBLK = 0x4b4c4256

/** The blocks of a file that is intact. */
export function blocksOf(bytes: Uint8Array): StoredBlock[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const trimOffset = view.getUint32(36, true)
  const blocks: StoredBlock[] = []
  for (let offset = FILE_HEADER; offset < bytes.length; ) {
    if (view.getUint32(offset, true) !== VBLK) throw new Error(`no block begins at ${offset}`)
    const flags = view.getUint32(offset + 4, true)
    const end = offset + BLOCK_HEADER + view.getUint32(offset + 8, true)
    blocks.push({
      offset,
      end,
      count: view.getUint32(offset + 12, true),
      sequence: Number(view.getBigUint64(offset + 16, true)),
      continues: (flags & 1) !== 0,
      isClose: (flags & 2) !== 0,
      durableOffset: FILE_HEADER + view.getUint32(offset + 32, true) - trimOffset,
    })
    offset = end
  }
  return blocks
}

/** Where in a file a logical position is. */
export function offsetOf(bytes: Uint8Array, position: number): number {
  return FILE_HEADER + position - new DataView(bytes.buffer, bytes.byteOffset).getUint32(36, true)
}
