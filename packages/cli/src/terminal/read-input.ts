import { addAbortSignal } from 'node:stream'
import type { Input } from '../context.js'

/** What comes on a stream, until its end; rejects with the signal's reason where that is aborted. */
export async function* readInput(input: Input, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  signal.throwIfAborted()
  try {
    for await (const chunk of addAbortSignal(signal, input)) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
