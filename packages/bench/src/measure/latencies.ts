import { createHistogram } from 'node:perf_hooks'
import type { Latency } from '../workload.js'

/** How long single operations took. */
export class Latencies {
  readonly #histogram = createHistogram({ figures: 3 })

  /** An operation that began at `start`, by `performance.now()`, and is over. */
  since(start: number): void {
    this.record(performance.now() - start)
  }

  record(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * 1e6)))
  }

  get summary(): Latency | undefined {
    const { count, max } = this.#histogram
    if (count === 0) return undefined
    const percentile = (percent: number): number => this.#histogram.percentile(percent) / 1e6
    return { p50: percentile(50), p99: percentile(99), max: max / 1e6 }
  }
}
