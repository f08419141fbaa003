import type { Contender } from './contender.js'
import type { Figure, Latency, Measurement } from './workload.js'

/** What a run found: what `--json` writes, and a report is made of. */
export interface Run {
  readonly format: 1
  readonly date: string
  readonly machine: Machine
  readonly settings: { readonly rounds: number; readonly scale: number; readonly directory?: string }
  readonly seconds: number
  /** The version of each contender that took part. */
  readonly versions: Readonly<Record<string, string>>
  /** Contenders that could not run here. */
  readonly leftOut: readonly Absent[]
  readonly results: readonly WorkloadResult[]
}

export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
}

export interface Absent {
  readonly name: string
  readonly reason: string
}

export interface WorkloadResult {
  readonly name: string
  readonly title: string
  readonly group: string
  readonly figure: Figure
  readonly contenders: readonly ContenderResult[]
  /** Contenders that are not asked to do this. */
  readonly leftOut: readonly Absent[]
  /** Contenders that crashed, hung or gave wrong bytes. */
  readonly failed: readonly Absent[]
  readonly bestPeer?: Versus
  readonly bestLimit?: Versus
}

/** How many times as good as that one the first contender is. */
export interface Versus {
  readonly name: string
  readonly ratio: number
}

/** Medians of all rounds. */
export interface ContenderResult {
  readonly name: string
  readonly role: Contender['role']
  /** Why its ratio is of no use here. */
  readonly notCompared?: string
  /** The workload's figure. */
  readonly value: number
  /** The least and the greatest round. */
  readonly range: readonly [least: number, greatest: number]
  /** How many times as good the first contender is, as the median of the rounds' own ratios; 1 for the first itself, absent where that has no figure. */
  readonly ratio?: number
  readonly itemsPerSecond: number
  readonly bytesPerSecond: number
  readonly readsPerSecond?: number
  readonly latency?: Latency
  readonly cpuSeconds: number
  readonly loopDelayP99Ms: number
  readonly peakBytes: number
  readonly idleBytes: number
  readonly diskBytes?: number
  readonly rounds: readonly Measurement[]
}

/** The figure of one measurement. */
export function figureOf(figure: Figure, { items, ms, latency, cpuMs }: Measurement): number {
  switch (figure) {
    case 'items/s':
      return (items / ms) * 1000
    case 'ms':
      return ms
    case 'p99 ms':
      return latency?.p99 ?? ms
    case 'CPU %':
      return (cpuMs / ms) * 100
  }
}

/** How many times as good as `other` the value `own` is. */
export function timesAsGood(figure: Figure, own: number, other: number): number {
  return figure === 'items/s' ? own / other : other / own
}
