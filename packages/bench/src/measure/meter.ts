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

/** Does a part of what is measured that is not what is to be known, such as opening what is read. */
export type Uncounted = <T>(part: () => Promise<T>) => Promise<T>

/** Measures one stretch of work, and what it cost the process. Make it before the contender is opened. */
export class Meter {
  readonly #idleBytes = process.memoryUsage.rss()
  readonly #resolutionMs: number

  constructor({ resolutionMs = LOOP_RESOLUTION_MS }: { readonly resolutionMs?: number } = {}) {
    this.#resolutionMs = resolutionMs
  }

  /** `work` may have parts that do not count. */
  async time(work: (uncounted: Uncounted) => Promise<Done>, latencies?: Latencies): Promise<Measurement> {
    const loop = monitorEventLoopDelay({ resolution: this.#resolutionMs })
    loop.enable()
    const counted = { ms: 0, cpuMs: 0 }
    const add = (sign: 1 | -1): void => {
      counted.ms += sign * performance.now()
      counted.cpuMs += sign * cpuMs()
    }
    add(-1)
    const done = await work(async (part) => {
      loop.disable()
      add(1)
      try {
        return await part()
      } finally {
        add(-1)
        loop.enable()
      }
    })
    add(1)
    loop.disable()
    const { ms } = counted
    return {
      ...done,
      ...counted,
      // Work that never let the loop turn made it as late as all of it took.
      loopDelayP99Ms: loop.count === 0 ? ms : Math.max(0, loop.percentile(99) / 1e6 - this.#resolutionMs),
      peakBytes: process.resourceUsage().maxRSS * 1024,
      idleBytes: this.#idleBytes,
      ...(latencies?.summary && { latency: latencies.summary }),
    }
  }
}

/** What the process has cost the processors so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
