import { VarveError } from '@varve/core'

/** What a read came to: the bytes, undefined, or the code of its error. */
export async function outcomeOf(read: () => unknown): Promise<unknown> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof VarveError) return error.code
    throw error
  }
}

/** All bytes of a stream, together. */
export async function drain(stream: ReadableStream<Uint8Array> | undefined): Promise<Uint8Array | undefined> {
  if (!stream) return undefined
  const pieces: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Uint8Array.from(Buffer.concat(pieces))
    pieces.push(value)
  }
}
