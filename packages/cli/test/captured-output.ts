import { Writable } from 'node:stream'
import type { Output } from '../src/terminal/terminal.js'

export interface CapturedOutputOptions {
  readonly isTTY?: boolean
  /** Called with each piece that is written. */
  readonly onChunk?: (chunk: Buffer) => void
  /** Takes each piece in a later turn, as a pipe does whose reader is busy. */
  readonly slow?: boolean
}

/** A stream that keeps what is written to it. */
export class CapturedOutput extends Writable implements Output {
  readonly isTTY: boolean
  text = ''
  /** The most bytes that waited to be taken. */
  mostWaiting = 0

  constructor({ isTTY = false, onChunk, slow = false }: CapturedOutputOptions = {}) {
    super({
      write: (chunk: Buffer, _encoding, done) => {
        this.text += chunk.toString()
        this.mostWaiting = Math.max(this.mostWaiting, this.writableLength)
        onChunk?.(chunk)
        if (slow) setImmediate(done)
        else done()
      },
    })
    this.isTTY = isTTY
  }
}
