import { Presets, SingleBar } from 'cli-progress'
import type { Progress } from '../runner.js'

/** Shows what is being measured: a bar on a terminal, elsewhere a line for each workload. */
export class ProgressBar {
  readonly #bar: SingleBar | undefined
  #last = ''

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    if (stream.isTTY) {
      const format = '{bar} {value} of {total} | {eta_formatted} left | {what}'
      this.#bar = new SingleBar({ format, stream, clearOnComplete: true, hideCursor: true, barsize: 20 }, Presets.shades_classic)
    }
  }

  readonly show = ({ done, total, workload, entrant }: Progress): void => {
    if (this.#bar) {
      if (this.#last === '') this.#bar.start(total, 0, { what: '' })
      this.#bar.update(done, { what: `${workload.name}: ${entrant.name}` })
    } else if (workload.name !== this.#last) process.stderr.write(`${done} of ${total}: ${workload.title}\n`)
    this.#last = workload.name
  }

  end(): void {
    this.#bar?.stop()
  }
}
