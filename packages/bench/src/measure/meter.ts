import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Measurement } from '../workload.js'
import type { Latencies } from './latencies.js'

/** How finely the delay of the event loop is measured. Each look wakes the process: every millisecond that is 2 % of a core. */
const LOOP_RESOLUTION_MS = 1

/** What was done, and how many bytes of items that were. */
export interface Done {
  readonly items: number
  readonly bytes: number
  readonly reads?: number
}

/** Measures one stretch of work, and what it cost the process. Make it before the contender is opened. */
export class Meter {
  readonly #idleBytes = process.memoryUsage.rss()
  readonly #resolutionMs: number

  constructor({ resolutionMs = LOOP_RESOLUTION_MS }: { readonly resolutionMs?: number } = {}) {
    this.#resolutionMs = resolutionMs
  }

  async time(work: () => Promise<Done>, latencies?: Latencies): Promise<Measurement> {
    const loop = monitorEventLoopDelay({ resolution: this.#resolutionMs })
    loop.enable()
    const cpu = process.cpuUsage()
    const start = performance.now()
    const done = await work()
    const ms = performance.now() - start
    const { user, system } = process.cpuUsage(cpu)
    loop.disable()
    return {
      ...done,
      ms,
      cpuMs: (user + system) / 1000,
      // Work that never let the loop turn made it as late as all of it took.
      loopDelayP99Ms: loop.count === 0 ? ms : Math.max(0, loop.percentile(99) / 1e6 - this.#resolutionMs),
      peakBytes: process.resourceUsage().maxRSS * 1024,
      idleBytes: this.#idleBytes,
      ...(latencies?.summary && { latency: latencies.summary }),
    }
  }
}
