import { Writable } from 'node:stream'
import type { Output } from '../src/terminal/terminal.js'

/** A stream that keeps what is written to it. `onText` is called with each piece. */
export class CapturedOutput extends Writable implements Output {
  readonly isTTY: boolean
  text = ''

  constructor({ isTTY = false, onText }: { isTTY?: boolean; onText?: (text: string) => void } = {}) {
    super({
      decodeStrings: false,
      write: (chunk: string | Buffer, _encoding, done) => {
        this.text += chunk.toString()
        onText?.(chunk.toString())
        done()
      },
    })
    this.isTTY = isTTY
  }
}
