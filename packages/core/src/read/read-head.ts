import type { BackendFile } from '@varve/backend'
import { FILE_HEADER_BYTES } from '../format/file-header.js'
import { readFew } from './read-bytes.js'

/** The first bytes of a file, as many as a file header has, or fewer where the file has no more. */
export async function readHead(file: BackendFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(FILE_HEADER_BYTES)
  return bytes.subarray(0, await readFew(file, bytes, 0))
}
