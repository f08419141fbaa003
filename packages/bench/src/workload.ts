import type { Contender, Verb } from './contender.js'
import type { Job } from './job.js'

/** One thing to measure. */
export interface Workload {
  /** For `--only`. */
  readonly name: string
  /** For the table. */
  readonly title: string
  /** Workloads of one kind stand together, in tables and charts. */
  readonly group: string
  readonly figure: Figure
  /** What a contender must be able to do. */
  readonly needs: readonly Verb[]
  /** The largest item there is. */
  readonly itemBytes: number
  /** What is measured is only worth something if it survives a power loss: each item as soon as it is taken, or all of them at the end. */
  readonly durable?: 'each' | 'end'
  /** Part of a quick run. */
  readonly quick?: true
  /** It is about the store itself, and would take too long with everyone. */
  readonly withoutPeers?: true
  /** How much it lays down, for a run to leave out what would take too long. */
  readonly extent?: { readonly of: 'open' | 'growth'; readonly amount: number }
  /** The items that must be laid down before, once a run. */
  readonly dataset?: Dataset
  /** Each measurement gets a copy of the data set, as it changes it. */
  readonly ownCopy?: true
  /** Measures a contender once. `directory` is empty, or holds the data set. */
  measure(contender: Contender, setting: Setting): Promise<Measurement>
}

/** The figure that tells how well a contender did, and so what ratios are taken of. */
export type Figure = 'items/s' | 'ms' | 'p99 ms' | 'CPU %'

export interface Setting {
  readonly directory: string
  /** How much of the whole workload to do: 1 is all of it. */
  readonly scale: number
  /** Does another job meanwhile, in a process of its own. */
  readonly beside: (job: Pick<Job, 'kind'>) => Beside
}

export interface Beside {
  readonly ready: Promise<void>
  readonly done: Promise<Measurement>
}

/** `count` items of `size` bytes. */
export interface Dataset {
  readonly size: number
  readonly count: number
  /** The process that laid them down was killed while it went on adding; otherwise it stopped cleanly. */
  readonly killed?: true
}

export function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale))
}

export function scaledDataset(dataset: Dataset, scale: number): Dataset {
  return { ...dataset, count: scaled(dataset.count, scale) }
}

export interface Measurement {
  readonly items: number
  readonly bytes: number
  readonly ms: number
  /** What the process computed meanwhile, all its threads together. */
  readonly cpuMs: number
  /** How late the event loop was, 99 times of 100 no more than this. */
  readonly loopDelayP99Ms: number
  /** The most memory the process ever had. */
  readonly peakBytes: number
  /** What it had before the contender was opened: Node, and the items. */
  readonly idleBytes: number
  readonly latency?: Latency
  /** Items read meanwhile, where what counts is what was written. */
  readonly reads?: number
  /** What its files occupy once it is closed, where it wrote any. */
  readonly diskBytes?: number
}

/** In milliseconds. */
export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Why what a contender shows at a workload is not what the others show there. */
export function reasonNotToCompare({ notDurable }: Contender, { durable }: Workload): string | undefined {
  return notDurable && (durable === 'each' || (durable === 'end' && notDurable.what === 'everything'))
    ? `not durable: ${notDurable.why}`
    : undefined
}

/** Why a contender is not measured at a workload, if it isn't. */
export function reasonAgainst({ role, cannot, largestItem }: Contender, { needs, itemBytes, withoutPeers }: Workload): string | undefined {
  if (withoutPeers && role === 'peer') return 'of the other stores none is asked to lay down so much'
  const verb = needs.find((one) => cannot[one] !== undefined)
  if (verb) return cannot[verb]
  if (largestItem !== undefined && itemBytes > largestItem) return `it takes items of at most ${largestItem} bytes`
  return undefined
}
