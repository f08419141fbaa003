import { BLOCK_HEADER_BYTES } from '../format/block-header.js'
import type { OpenFile } from '../read/open-file.js'
import type { TailVerdict } from '../read/tail.js'

/**
 * Makes the end of a file durable, zeros behind it cut off. The part that nothing proves to be is written again with the same bytes: after a failed
 * sync a page cache may hold what the disk does not, and calls the next sync a success. Behind a closing block a write may have been that failed and was cut off:
 * from here on a power loss does not bring it back.
 */
export async function proveEnd(open: OpenFile, verdict: TailVerdict & { readonly kind: 'clean' | 'whole' }): Promise<void> {
  const { file } = open
  if (verdict.kind === 'clean') return file.sync(open.physical(open.end - BLOCK_HEADER_BYTES))
  const { last, durablePosition, zerosFrom } = verdict
  if (zerosFrom < open.end) await file.truncate(open.physical(zerosFrom))
  open.end = zerosFrom
  // The header's sync may have failed too, until a block is there.
  await file.sync(last ? open.physical(durablePosition) : 0)
}
