import { VarveError } from '../errors.js'
import { HEADER_CHUNK } from './block-cursor.js'
import { isRestZero } from './diagnose.js'
import { FileWindow } from './file-window.js'
import { run } from './loads.js'
import type { OpenFile } from './open-file.js'
import type { ScanSource } from './scan-source.js'
import { inspectTail } from './tail.js'

/** `CORRUPT` where what stands at `position` is neither the end of a write that is under way nor space that was never written. */
export async function refuseDamage(source: ScanSource, index: number, position: number): Promise<void> {
  const { files } = source
  await files.with(index, async (open) => {
    const window = new FileWindow(open, HEADER_CHUNK)
    if (await run(window, isRestZero(window, position))) return
    if (source.isBesideWriter && index >= source.lastIndex && !(await isTailDamaged(open, files.identity.storeSeed))) return
    throw new VarveError('CORRUPT', `scan: ${open.name} is damaged at position ${position}: a block header was expected there`)
  })
}

// Twice, as the writer may have gone on between the look at the place and the look at what is behind it.
async function isTailDamaged(open: OpenFile, storeSeed: number): Promise<boolean> {
  return (await inspectTail(open, storeSeed)).kind === 'damaged' && (await inspectTail(open, storeSeed)).kind === 'damaged'
}
