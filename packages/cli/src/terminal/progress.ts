import { MultiBar, type SingleBar } from 'cli-progress'
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

/** A bar with rate and time left on a terminal, a line now and then elsewhere. */
export function startProgress(output: Output, label: string, totalBytes: number): Progress {
  return output.isTTY ? new BarProgress(output, label, totalBytes) : new LineProgress(output, label, totalBytes)
}

class BarProgress implements Progress {
  readonly #start = performance.now()
  // Of cli-progress's two kinds this is the one that can print lines while it shows a bar.
  readonly #bars: MultiBar
  readonly #bar: SingleBar
  readonly #total: number
  #done = 0

  constructor(output: Output, label: string, total: number) {
    this.#total = total
    this.#bars = new MultiBar({
      stream: output,
      format: `${label} {bar} {percentage}%  {size}  {rate}  {left}`,
      barCompleteChar: '━',
      barIncompleteChar: '─',
      barsize: 30,
      hideCursor: true,
      // The command itself sees to signals: a bar that ends on one would let nothing else be put in order.
      gracefulExit: false,
    })
    this.#bar = this.#bars.create(total, 0, this.#payload())
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
    const left = this.#done > 0 ? (ms / this.#done) * (this.#total - this.#done) : Number.NaN
    return {
      size: `${formatBytes(this.#done)} of ${formatBytes(this.#total)}`,
      rate: formatRate(this.#done, ms),
      left: this.#done >= this.#total ? `in ${formatDuration(ms)}` : Number.isNaN(left) ? '' : `${formatDuration(left)} left`,
    }
  }
}

const LINE_INTERVAL_MS = 5000

class LineProgress implements Progress {
  readonly #start = performance.now()
  readonly #output: Output
  readonly #label: string
  readonly #total: number
  #done = 0
  #last = this.#start

  constructor(output: Output, label: string, total: number) {
    this.#output = output
    this.#label = label
    this.#total = total
  }

  advance(bytes: number): void {
    this.#done += bytes
    if (performance.now() - this.#last >= LINE_INTERVAL_MS) this.#print()
  }

  log(line: string): void {
    this.#output.write(`${line}\n`)
  }

  stop(): void {
    this.#print()
  }

  #print(): void {
    this.#last = performance.now()
    const percentage = this.#total > 0 ? Math.floor((this.#done / this.#total) * 100) : 100
    const rate = formatRate(this.#done, this.#last - this.#start)
    this.#output.write(`${this.#label} ${percentage}%  ${formatBytes(this.#done)} of ${formatBytes(this.#total)}  ${rate}\n`)
  }
}
