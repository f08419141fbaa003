import { writev } from 'node:fs'
import { BackendError } from '@varve/backend'
import type { PromptWrites } from './prompt-writes.js'
import { maxTransfer } from './raw-fs.js'

/** Writes the chunks one after the other from `position` on: all of them, or it rejects with what the system said. */
export async function writeAt(fd: number, chunks: readonly Uint8Array[], position: number, prompt: PromptWrites): Promise<void> {
  const length = byteLength(chunks)
  if (length <= maxTransfer) return writeWhole(fd, chunks, position, { length, prompt })
  let at = position
  for (const part of parts(chunks)) {
    const size = byteLength(part)
    await writeWhole(fd, part, at, { length: size, prompt })
    at += size
  }
}

/**
 * libuv finishes a short write by itself as far as it gets; what arrives here short was stopped by an error that it doesn't tell. The
 * rest is written in a call of its own, which either succeeds or meets that error. No bytes and no error is a legal
 * answer too: it gets one more try, for waiting for it to change would be a loop without an end.
 */
async function writeWhole(
  fd: number,
  chunks: readonly Uint8Array[],
  position: number,
  { length, prompt }: { readonly length: number; readonly prompt: PromptWrites },
): Promise<void> {
  let rest = chunks
  let done = 0
  let stalled = false
  while (done < length) {
    const written = prompt.write(fd, rest, length - done, position + done) ?? (await writeOnce(fd, rest, position + done))
    if (written === 0 && stalled)
      throw new BackendError('IO', `the system wrote ${done} of ${length} bytes, and then none, twice, without an error`)
    stalled = written === 0
    done += written
    if (done < length) rest = withoutStart(rest, written)
  }
}

function writeOnce(fd: number, chunks: readonly Uint8Array[], position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writev(fd, chunks as Uint8Array[], position, (error, written) => (error ? reject(error) : resolve(written)))
  })
}

export function byteLength(chunks: readonly Uint8Array[]): number {
  let length = 0
  for (const chunk of chunks) length += chunk.byteLength
  return length
}

/** The chunks without their first `count` bytes. */
function withoutStart(chunks: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  let skip = count
  let first = 0
  while (skip >= chunks[first]!.byteLength) skip -= chunks[first++]!.byteLength
  return [chunks[first]!.subarray(skip), ...chunks.slice(first + 1)]
}

/** The chunks in lists that one call can carry each, large chunks cut. */
function* parts(chunks: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let part: Uint8Array[] = []
  let room = maxTransfer
  for (const chunk of chunks) {
    for (let start = 0; start < chunk.byteLength; ) {
      const end = Math.min(chunk.byteLength, start + room)
      part.push(chunk.subarray(start, end))
      room -= end - start
      start = end
      if (room > 0) continue
      yield part
      part = []
      room = maxTransfer
    }
  }
  if (part.length > 0) yield part
}
