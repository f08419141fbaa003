import { contenders } from './contenders.js'
import { type Measurement, type Setting, scaledDataset, type Workload } from './workload.js'
import { workloads } from './workloads.js'

/** What one child process does: lay down the data set of a workload, or measure a contender at it once. */
export interface Job extends Setting {
  readonly kind: 'fill' | 'measure'
  readonly workload: string
  readonly contender: string
}

export async function perform(job: Job): Promise<Measurement | undefined> {
  const workload = named<Workload>(workloads, job.workload)
  const contender = named(contenders, job.contender)
  if (job.kind === 'measure') return workload.measure(contender, job)
  if (workload.dataset) await contender.fill(job.directory, scaledDataset(workload.dataset, job.scale))
  return undefined
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name)
  if (!found) throw new Error(`there is no ${JSON.stringify(name)}; there are ${all.map((one) => one.name).join(', ')}`)
  return found
}
