import { VarveError } from '../errors.js'
import { BlockCursor, HEADER_CHUNK } from './block-cursor.js'
import { isBlockValid } from './check-block.js'
import { isRestZero } from './diagnose.js'
import { FileWindow } from './file-window.js'
import { isProven } from './find-header.js'
import { run } from './loads.js'
import type { OpenFile } from './open-file.js'
import type { ScanSource } from './scan-source.js'

/** `CORRUPT` where what stands at `position` is neither the end of a write that is under way nor space that was never written. */
export async function refuseDamage(source: ScanSource, index: number, position: number): Promise<void> {
  const { files } = source
  const { storeSeed } = files.identity
  await files.with(index, async (open) => {
    const window = new FileWindow(open, HEADER_CHUNK)
    if (await run(window, isRestZero(window, position))) return
    if (source.isBesideWriter && index >= source.lastIndex) {
      if (!(await run(window, isProven(window, position, storeSeed)))) return
      // The writer may have gone on between the look at the place and the look at what is behind it.
      if (await isBlockAt(open, position, storeSeed)) return
    }
    throw new VarveError('CORRUPT', `scan: ${open.name} is damaged at position ${position}: a block header was expected there`)
  })
}

async function isBlockAt(open: OpenFile, position: number, storeSeed: number): Promise<boolean> {
  const window = new FileWindow(open, HEADER_CHUNK)
  const block = await new BlockCursor(window, storeSeed, position).next()
  return block !== undefined && (await isBlockValid(window, block, storeSeed))
}
