import { BackendError } from '@varve/backend'
import type { FileHandle, SyncAccessHandle } from './web-platform.js'

const REWRITE_BYTES = 1024 * 1024
const GATHERED_BYTES = 256 * 1024

/** Fills `target` from `position` on; the count is less only where the file ends. */
export function readAt(access: SyncAccessHandle, target: Uint8Array, position: number): number {
  let filled = 0
  while (filled < target.byteLength) {
    const count = access.read(target.subarray(filled), { at: position + filled })
    if (count === 0) break
    filled += count
  }
  return filled
}

/** Writes the chunks one after the other. Every write that a file grows by costs a question to the browser, so small ones are written together. */
export function writeAll(access: SyncAccessHandle, chunks: readonly Uint8Array[], position: number): void {
  let at = position
  const write = (bytes: Uint8Array): void => {
    writeAt(access, bytes, at)
    at += bytes.byteLength
  }
  const total = chunks.reduce((length, chunk) => length + chunk.byteLength, 0)
  const gathered = new Uint8Array(chunks.length > 1 ? Math.min(total, GATHERED_BYTES) : 0)
  let filled = 0
  for (const chunk of chunks) {
    if (filled + chunk.byteLength > gathered.byteLength) {
      write(gathered.subarray(0, filled))
      filled = 0
    }
    if (chunk.byteLength > gathered.byteLength) write(chunk)
    else {
      gathered.set(chunk, filled)
      filled += chunk.byteLength
    }
  }
  write(gathered.subarray(0, filled))
}

function writeAt(access: SyncAccessHandle, source: Uint8Array, position: number): void {
  for (let written = 0; written < source.byteLength; ) {
    const count = access.write(source.subarray(written), { at: position + written })
    if (count === 0) throw new BackendError('NO_SPACE', `${source.byteLength - written} of ${source.byteLength} bytes were not taken`)
    written += count
  }
}

/** Writes the bytes from `position` to the end again as they are. */
export function rewriteFrom(access: SyncAccessHandle, position: number): void {
  const end = access.getSize()
  const piece = new Uint8Array(Math.min(REWRITE_BYTES, Math.max(end - position, 0)))
  for (let at = position; at < end; at += piece.byteLength) {
    const count = readAt(access, piece.subarray(0, Math.min(piece.byteLength, end - at)), at)
    writeAt(access, piece.subarray(0, count), at)
  }
}

/** The same as {@link readAt} beside whoever writes: from the file as it is at this moment. */
export async function readBeside(handle: FileHandle, target: Uint8Array, position: number): Promise<number> {
  const file = await handle.getFile()
  const bytes = new Uint8Array(await file.slice(position, position + target.byteLength).arrayBuffer())
  target.set(bytes)
  return bytes.byteLength
}
