import type { BackendFile } from '@varve/backend'
import { decodeFileHeader, FILE_HEADER_BYTES } from '../format/file-header.js'
import { KiB } from '../options.js'
import { readBytes } from './read-bytes.js'

/**
 * Whether a file that begins with these bytes was created and never used. A header is durable before the first block goes in, so one that is
 * broken was never used, unless something follows it: then it is damage.
 */
export async function isUnused(file: BackendFile, head: Uint8Array): Promise<boolean> {
  const header = decodeFileHeader(head)
  return (header === 'short' || header === 'magic' || header === 'checksum') && (await isZeroBehindHeader(file))
}

async function isZeroBehindHeader(file: BackendFile): Promise<boolean> {
  const bytes = new Uint8Array(64 * KiB)
  for (let at = FILE_HEADER_BYTES; ; ) {
    const read = await readBytes(file, bytes, at)
    if (read === 0) return true
    if (bytes.subarray(0, read).some((byte) => byte !== 0)) return false
    at += read
  }
}
