import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from './job.js'
import type { RunJob } from './run-in-child.js'
import { median } from './statistics.js'
import type { Measurement, Workload } from './workload.js'

export interface RunOptions {
  readonly workloads: readonly Workload[]
  /** Names of contenders; the first is the one whose ratio to the others is told. */
  readonly contenders: readonly string[]
  readonly directory: string
  readonly rounds: number
  /** How much of each workload to do: 1 is all of it. */
  readonly scale: number
  readonly runJob: RunJob
  readonly onProgress: (done: number, total: number, workload: Workload) => void
  readonly signal: AbortSignal
}

export interface WorkloadResult {
  readonly name: string
  readonly title: string
  readonly contenders: readonly ContenderResult[]
}

export interface ContenderResult {
  readonly name: string
  /** The median of all rounds. */
  readonly itemsPerSecond: number
  readonly bytesPerSecond: number
  /** The slowest and the fastest round, in items a second. */
  readonly range: readonly [least: number, most: number]
  /** The first contender's rate by this one's, as the median of the rounds' own ratios; 1 for the first itself. */
  readonly ratio: number
  readonly rounds: readonly Measurement[]
}

/**
 * Measures every workload in rounds: in each round each contender once, in an order that turns from round to round, so that
 * what slows the machine down for a while slows all of them.
 */
export async function runWorkloads(options: RunOptions): Promise<WorkloadResult[]> {
  const { workloads, contenders, rounds, onProgress, signal } = options
  const total = workloads.length * contenders.length * rounds
  const datasets = new DatasetFolders(options)
  const results: WorkloadResult[] = []
  let done = 0
  for (const workload of workloads) {
    const measured = new Map<string, Measurement[]>(contenders.map((name) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      for (const contender of round % 2 === 0 ? contenders : [...contenders].reverse()) {
        signal.throwIfAborted()
        onProgress(done++, total, workload)
        measured.get(contender)!.push(await measureOnce(workload, contender, options, datasets))
      }
    }
    results.push(summarize(workload, measured))
  }
  return results
}

async function measureOnce(workload: Workload, contender: string, options: RunOptions, datasets: DatasetFolders): Promise<Measurement> {
  const directory = workload.dataset ? await datasets.filled(workload, contender) : join(options.directory, 'empty')
  try {
    await mkdir(directory, { recursive: true })
    const job: Job = { kind: 'measure', workload: workload.name, contender, directory, scale: options.scale }
    const measurement = await options.runJob(job)
    if (!measurement) throw new Error(`${contender} measured nothing at ${workload.name}`)
    return measurement
  } finally {
    if (!workload.dataset) await rm(directory, { recursive: true, force: true })
  }
}

/** Each data set is laid down once for each contender and serves all workloads that read it. */
class DatasetFolders {
  readonly #options: RunOptions
  readonly #filled = new Set<string>()

  constructor(options: RunOptions) {
    this.#options = options
  }

  async filled(workload: Workload, contender: string): Promise<string> {
    const { directory, scale, runJob } = this.#options
    const { size, count } = workload.dataset!
    const folder = join(directory, `${contender}-${count}x${size}`)
    if (!this.#filled.has(folder)) {
      await mkdir(folder, { recursive: true })
      await runJob({ kind: 'fill', workload: workload.name, contender, directory: folder, scale })
      this.#filled.add(folder)
    }
    return folder
  }
}

function summarize({ name, title }: Workload, measured: ReadonlyMap<string, readonly Measurement[]>): WorkloadResult {
  const rates = new Map([...measured].map(([contender, rounds]) => [contender, rounds.map(({ items, ms }) => (items / ms) * 1000)]))
  const [first] = rates.values()
  const contenders = [...measured].map(([contender, rounds]): ContenderResult => {
    const own = rates.get(contender)!
    return {
      name: contender,
      itemsPerSecond: median(own),
      bytesPerSecond: median(rounds.map(({ bytes, ms }) => (bytes / ms) * 1000)),
      range: [Math.min(...own), Math.max(...own)],
      ratio: median(own.map((rate, round) => first![round]! / rate)),
      rounds,
    }
  })
  return { name, title, contenders }
}
