import { type Bar, MultiBar } from 'cli-progress'
import { formatBytes, formatDuration, formatRate } from './quantities.js'
import type { Output } from './terminal.js'

/** How far something is, in bytes. */
export interface Progress {
  advance(bytes: number): void
  /** Prints a line of text above it. */
  log(line: string): void
  /** Ends it and leaves what it showed last. */
  stop(): void
}

/** On a terminal a bar with rate and time left, or only how much is done where nobody knows the total; nothing elsewhere. */
export function startProgress(output: Output, label: string, totalBytes?: number): Progress {
  return output.isTTY ? new BarProgress(output, label, totalBytes) : new NoProgress(output)
}

class BarProgress implements Progress {
  readonly #start = performance.now()
  // Of cli-progress's two kinds this is the one that can print lines while it shows a bar.
  readonly #bars: MultiBar
  readonly #bar: Bar
  readonly #total: number | undefined
  #done = 0

  constructor(output: Output, label: string, total: number | undefined) {
    this.#total = total
    this.#bars = new MultiBar({
      stream: output,
      format: total === undefined ? `${label} {size}  {rate}` : `${label} {bar} {percentage}%  {size}  {rate}  {left}`,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 30,
      hideCursor: true,
      // The command itself sees to signals: a bar that ends on one would let nothing else be put in order.
      gracefulExit: false,
    })
    this.#bar = this.#bars.create(total ?? 0, 0, this.#payload())
  }

  advance(bytes: number): void {
    this.#done += bytes
    this.#bar.update(this.#done, this.#payload())
  }

  log(line: string): void {
    this.#bars.log(`${line}\n`)
  }

  stop(): void {
    this.#bar.update(this.#done, this.#payload())
    // Lines that wait for the next redraw would be lost.
    this.#bars.update()
    this.#bars.stop()
  }

  #payload(): { size: string; rate: string; left: string } {
    const ms = performance.now() - this.#start
    const rate = formatRate(this.#done, ms)
    if (this.#total === undefined) return { size: formatBytes(this.#done), rate, left: '' }
    const left = this.#done > 0 ? (ms / this.#done) * (this.#total - this.#done) : Number.NaN
    return {
      size: `${formatBytes(this.#done)} of ${formatBytes(this.#total)}`,
      rate,
      left: this.#done >= this.#total ? `in ${formatDuration(ms)}` : Number.isNaN(left) ? '' : `${formatDuration(left)} left`,
    }
  }
}

class NoProgress implements Progress {
  readonly #output: Output

  constructor(output: Output) {
    this.#output = output
  }

  advance(): void {}

  log(line: string): void {
    this.#output.write(`${line}\n`)
  }

  stop(): void {}
}
