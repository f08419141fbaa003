import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import { BlockCursor } from './block-cursor.js'
import { FileWindow } from './file-window.js'
import type { ScanBounds } from './scan-bounds.js'
import type { ScanPoint } from './scan-options.js'
import type { ScanSource } from './scan-source.js'

/** The index of the file in which the bounds begin, found by looking into few files however many there are. */
export async function findStart(source: ScanSource, { lower }: ScanBounds): Promise<number> {
  const { firstIndex, lastIndex } = source
  if (!lower) return firstIndex
  if ('location' in lower) return Math.max(firstIndex, Math.min(lower.location.index, lastIndex))
  let low = firstIndex
  let high = lastIndex
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (await startsBefore(source, lower, middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** Whether a file begins before a point, or at it. */
export async function startsBefore(source: ScanSource, point: ScanPoint, index: number): Promise<boolean> {
  if ('location' in point) return index <= point.location.index
  return 'sequence' in point ? (await firstSequence(source, index)) <= point.sequence : (await firstTime(source, index)) < point.time
}

// A file that is not there any more comes before everything that is.
async function firstSequence({ files }: ScanSource, index: number): Promise<number> {
  return (await files.with(index, async (open) => open.header.sequence)) ?? -1
}

/** The time of a file's first block; one without blocks is the last and comes after everything. */
async function firstTime({ files }: ScanSource, index: number): Promise<number> {
  const time = await files.with(index, async (open) => {
    const block = await new BlockCursor(new FileWindow(open, BLOCK_HEADER_BYTES), files.identity.storeSeed).next()
    return block?.header.timestamp ?? Number.POSITIVE_INFINITY
  })
  return time ?? Number.NEGATIVE_INFINITY
}
