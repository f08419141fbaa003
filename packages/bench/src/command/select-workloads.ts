import { targetWorkloads } from '../report/targets.js'
import type { Workload } from '../workload.js'
import { workloads } from '../workloads.js'

export interface Selection {
  /** Parts of names, of which each workload must have one. It may be one that a quick run leaves out. */
  readonly only?: readonly string[] | undefined
  readonly quick?: boolean | undefined
  /** Those that tell of the targets, however large. */
  readonly targets?: boolean | undefined
  /** The largest store to open, in bytes. */
  readonly openTo: number
  /** The most items that a store grows to. */
  readonly growthTo: number
}

export function selectWorkloads({ only, quick, targets, openTo, growthTo }: Selection): Workload[] {
  return workloads.filter(({ name, extent, quick: isQuick }) => {
    if (targets) return targetWorkloads.has(name) && (!only || only.some((part) => name.includes(part)))
    if (extent && extent.amount > (extent.of === 'open' ? openTo : growthTo)) return false
    return only ? only.some((part) => name.includes(part)) : !quick || isQuick
  })
}
