import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunJob } from './child-runner.js'
import { DatasetFolders } from './dataset-folders.js'
import type { Entrant } from './entrant.js'
import type { Absent, WorkloadResult } from './result.js'
import { summarize } from './summarize.js'
import { type Measurement, reasonAgainst, type Workload } from './workload.js'

export interface RunOptions {
  readonly workloads: readonly Workload[]
  /** The first is the one whose ratio to the others is told. */
  readonly entrants: readonly Entrant[]
  readonly directory: string
  readonly rounds: number
  /** How much of each workload to do: 1 is all of it. */
  readonly scale: number
  readonly runJob: RunJob
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** What is about to be done. */
export interface Progress {
  readonly done: number
  readonly total: number
  readonly workload: Workload
  readonly entrant: Entrant
}

/**
 * Measures every workload in rounds: in each round each contender once, in an order that turns from round to round, so that
 * what slows the machine down for a while slows all of them. One that fails is named, and the others go on.
 */
export async function runWorkloads(options: RunOptions): Promise<WorkloadResult[]> {
  const { workloads, entrants, rounds, onProgress, signal } = options
  const folders = new DatasetFolders(options)
  const taking = new Map(workloads.map((workload) => [workload, entrants.filter(({ contender }) => !reasonAgainst(contender, workload))]))
  const total = [...taking.values()].reduce((sum, { length }) => sum + length * rounds, 0)
  const results: WorkloadResult[] = []
  let done = 0
  for (const [at, workload] of workloads.entries()) {
    const measured = new Map<Entrant, Measurement[]>(taking.get(workload)!.map((entrant) => [entrant, []]))
    const failed: Absent[] = []
    for (let round = 0; round < rounds; round++) {
      const order = [...measured.keys()]
      for (const entrant of round % 2 === 0 ? order : order.reverse()) {
        signal.throwIfAborted()
        onProgress({ done: done++, total, workload, entrant })
        try {
          measured.get(entrant)!.push(await measureOnce(workload, entrant, options, folders))
        } catch (error) {
          measured.delete(entrant)
          failed.push({ name: entrant.name, reason: error instanceof Error ? error.message : String(error) })
          done += rounds - round - 1
        }
      }
    }
    const leftOut = entrants.flatMap(({ name, contender }): Absent[] => {
      const reason = reasonAgainst(contender, workload)
      return reason === undefined ? [] : [{ name, reason }]
    })
    results.push(summarize(workload, { rounds: measured, leftOut, failed, first: entrants[0]! }))
    if (workload.dataset && !isReadLater(workload, workloads.slice(at + 1))) await folders.remove(workload.dataset, entrants)
  }
  return results
}

function isReadLater({ dataset }: Workload, later: readonly Workload[]): boolean {
  return later.some(
    (one) => one.dataset?.size === dataset!.size && one.dataset.count === dataset!.count && one.dataset.killed === dataset!.killed,
  )
}

async function measureOnce(workload: Workload, entrant: Entrant, options: RunOptions, folders: DatasetFolders): Promise<Measurement> {
  const { contender, build } = entrant
  const directory = workload.dataset ? await folders.get(workload, entrant) : join(options.directory, 'empty')
  try {
    await mkdir(directory, { recursive: true })
    const measurement = await options.runJob({
      kind: 'measure',
      workload: workload.name,
      contender: contender.name,
      directory,
      scale: options.scale,
      ...(build !== undefined && { build }),
    })
    if (!measurement) throw new Error(`${contender.name} measured nothing at ${workload.name}`)
    return measurement
  } finally {
    if (!workload.dataset || workload.ownCopy) await rm(directory, { recursive: true, force: true })
  }
}
