import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'

const PIECE = new Uint8Array(16 * 1024 * 1024)
// After one time, other memory was taken next half the time.
const TIMES = 2

/**
 * Fills the page cache with as many bytes as are about to be written, and empties it again, before they reach the disk. A virtual machine gets memory that it has not used for a while from its host, page by page and slower than any disk
 * here: without this, whether others had used it a moment before would be what is measured. It works for half a gigabyte; hosts take back at once what is much more.
 */
export async function readyPageCache(directory: string, bytes: number): Promise<void> {
  for (let time = 0; time < TIMES; time++) await fillAndEmpty(join(directory, 'page-cache'), bytes)
}

async function fillAndEmpty(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (let written = 0; written < bytes; written += PIECE.length) await file.write(PIECE)
  } finally {
    await file.close()
    await rm(path)
  }
}
