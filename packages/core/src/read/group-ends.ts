import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'

/** Whether the end of the group that `block` is part of is there yet, be it in a later file. */
export async function groupEnds(files: FileSet, block: PlacedBlock): Promise<boolean> {
  let position: number | undefined = block.end
  for (let index = block.index; ; index++) {
    const from: number | undefined = position
    const ends: boolean | undefined = await files.with(index, async (open) => {
      const cursor = new BlockCursor(new FileWindow(open, HEADER_CHUNK), files.identity.storeSeed, from)
      for (let next = await cursor.next(); next; next = await cursor.next()) {
        if (!next.header.continues) return true
        if (next.header.close) return undefined
      }
      return false
    })
    if (ends !== undefined) return ends
    position = undefined
    if ((await files.with(index + 1, async () => true)) === undefined) return false
  }
}
