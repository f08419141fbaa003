import { once } from 'node:events'
import type { Context } from '../context.js'
import type { Output } from './terminal.js'

const GATHERED = 64 * 1024

/** What a command prints on standard output, where there may be much of it: gathers small pieces, and waits for a reader who is slow. */
export class Results {
  readonly #out: Output
  readonly #readerGone: AbortSignal
  #pieces: Uint8Array[] = []
  #bytes = 0

  constructor({ out, readerGone }: Pick<Context, 'out' | 'readerGone'>) {
    this.#out = out
    this.#readerGone = readerGone
  }

  /** Rejects with the signal's reason where the reader is gone. */
  async write(piece: string | Uint8Array): Promise<void> {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
    this.#pieces.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= GATHERED) await this.flush()
  }

  /** One JSON value on a line of its own. */
  async json(value: unknown): Promise<void> {
    await this.write(`${JSON.stringify(value)}\n`)
  }

  /** Hands over what was gathered. */
  async flush(): Promise<void> {
    this.#readerGone.throwIfAborted()
    if (this.#bytes === 0) return
    const bytes = this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#bytes = 0
    if (this.#out.write(bytes)) return
    try {
      await once(this.#out, 'drain', { signal: this.#readerGone })
    } catch (error) {
      this.#readerGone.throwIfAborted()
      throw error
    }
  }
}
