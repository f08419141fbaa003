import type { Contender } from './contender.js'

/** One thing to measure. */
export interface Workload {
  /** For `--only`. */
  readonly name: string
  /** For the table. */
  readonly title: string
  /** The items that must be laid down before, once a run. */
  readonly dataset?: Dataset
  /** Measures a contender once. `directory` is empty, or holds the data set. */
  measure(contender: Contender, setting: Setting): Promise<Measurement>
}

export interface Setting {
  readonly directory: string
  /** How much of the whole workload to do: 1 is all of it. */
  readonly scale: number
}

/** `count` items of `size` bytes. */
export interface Dataset {
  readonly size: number
  readonly count: number
}

export function scaled(count: number, scale: number): number {
  return Math.max(1, Math.round(count * scale))
}

export function scaledDataset({ size, count }: Dataset, scale: number): Dataset {
  return { size, count: scaled(count, scale) }
}

export interface Measurement {
  readonly items: number
  readonly bytes: number
  readonly ms: number
}

/** Runs `work` and says how long it took, for so many items of `size` bytes as it returns. */
export async function timed(size: number, work: () => Promise<number>): Promise<Measurement> {
  const start = performance.now()
  const items = await work()
  return { items, bytes: items * size, ms: performance.now() - start }
}
