import { BlockCursor, HEADER_CHUNK, type PlacedBlock } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import type { FileSet } from './file-set.js'
import { FileWindow } from './file-window.js'
import type { Place } from './scan-source.js'

/** Where the group that `block` is part of breaks off, be it in a later file; undefined where its end is there. */
export async function findGroupBreak(files: FileSet, block: PlacedBlock): Promise<Place | undefined> {
  let place: Place = { index: block.index, position: block.end }
  for (;;) {
    // Another process may have added to it since it was opened, or have made it anew after a crash.
    if (place.index > block.index) await files.forget(place.index)
    const stop = await files.with(place.index, async (open) => {
      const { storeSeed } = files.identity
      const window = new FileWindow(open, HEADER_CHUNK)
      const cursor = new BlockCursor(window, storeSeed, Math.max(place.position, open.header.trimOffset))
      for (let next = await cursor.next(); next; next = await cursor.next()) {
        // What comes before it is whole: the files before this one were closed and synced.
        if (!next.header.continues) return (await isBlockValid(window, next, storeSeed)) ? 'end' : next.position
        if (next.header.close) return 'next file'
      }
      return cursor.position
    })
    if (stop === 'end') return undefined
    if (stop !== 'next file') return { index: place.index, position: stop ?? place.position }
    place = { index: place.index + 1, position: 0 }
  }
}
