import type { Contender } from './contender.js'
import { varve } from './contenders/varve.js'
import { allContenders } from './contenders.js'
import { fillAndDie } from './fill-and-die.js'
import { diskBytes } from './measure/disk-bytes.js'
import { type Beside, type Measurement, scaledDataset, type Workload } from './workload.js'
import { followUntilLast } from './workloads/follow.js'
import { workloads } from './workloads.js'

/** What one child process does: lay down the data set of a workload, measure a contender at it once, or follow what another one adds. */
export interface Job {
  readonly kind: 'fill' | 'measure' | 'follow'
  readonly workload: string
  readonly contender: string
  /** The root of another build of the store, which takes the place of this one. */
  readonly build?: string
  readonly directory: string
  /** How much of the whole workload to do: 1 is all of it. */
  readonly scale: number
}

/** What a job needs of the process that does it. */
export interface Host {
  /** Does another job in a process of its own. */
  beside(job: Job): Beside
  /** For a follower: it sees what is added from now on. */
  ready(): void
  /** Ends the process as if its power had gone. */
  die(): void
}

export async function perform(job: Job, host: Host): Promise<Measurement | undefined> {
  const workload = named<Workload>(workloads, job.workload)
  const contender = job.build !== undefined && job.contender === 'varve' ? varve(job.build) : named<Contender>(allContenders, job.contender)
  if (job.kind === 'follow') return followUntilLast(contender, job.directory, () => host.ready())
  if (job.kind === 'fill') {
    if (!workload.dataset) return undefined
    const dataset = scaledDataset(workload.dataset, job.scale)
    await (dataset.killed ? fillAndDie(contender, job.directory, dataset, host) : contender.fill(job.directory, dataset))
    return undefined
  }
  // What it imports is no part of what it does.
  if (!contender.measure) await contender.probe()
  const setting = { ...job, beside: ({ kind }: Pick<Job, 'kind'>) => host.beside({ ...job, kind }) }
  const measurement = await (contender.measure ? contender.measure(workload, setting) : workload.measure(contender, setting))
  return workload.dataset ? measurement : { ...measurement, diskBytes: await diskBytes(job.directory) }
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (!found) throw new Error(`there is no ${JSON.stringify(name)}; there are ${all.map((one) => one.name).join(', ')}`)
  return found
}
