import type { BackendFile } from '@varve/backend'
import { decodeFileHeader, FILE_HEADER_BYTES } from '../format/file-header.js'
import { KiB } from '../options.js'
import { isZero } from './is-zero.js'
import { readBytes, readBytesSync } from './read-bytes.js'

/**
 * Whether a file that begins with these bytes was created and never used. A header is durable before the first block goes in, so one that is
 * broken was never used, unless something follows it: then it is damage.
 */
export async function isUnused(file: BackendFile, head: Uint8Array): Promise<boolean> {
  if (!isBroken(head)) return false
  const bytes = new Uint8Array(64 * KiB)
  for (let at = FILE_HEADER_BYTES; ; ) {
    const read = await readBytes(file, bytes, at)
    if (read === 0) return true
    if (!isZero(bytes.subarray(0, read))) return false
    at += read
  }
}

/** The same at once, where the backend can, of a file that {@link isBroken}. */
export function isUnusedSync(file: BackendFile): boolean {
  const bytes = new Uint8Array(64 * KiB)
  for (let at = FILE_HEADER_BYTES; ; ) {
    const read = readBytesSync(file, bytes, at)
    if (read === 0) return true
    if (!isZero(bytes.subarray(0, read))) return false
    at += read
  }
}

/** Whether a file that begins with these bytes has no header that can be read. */
export function isBroken(head: Uint8Array): boolean {
  const header = decodeFileHeader(head)
  return header === 'short' || header === 'magic' || header === 'checksum'
}
