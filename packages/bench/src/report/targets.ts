import type { ContenderResult, Run, WorkloadResult } from '../result.js'

/** A figure that the store is to reach. */
export interface Target {
  /** What it is about, for a table. */
  readonly row: string
  /** Workloads it is taken from; each has to be in a run that is to tell. */
  readonly workloads: readonly string[]
  readonly wanted: string
  /** What a run says, or undefined where it can't tell. */
  readonly of: (run: Run) => Outcome | undefined
}

interface Outcome {
  readonly text: string
  readonly isMet: boolean
}

const MB = 1e6
const GROWTH_STEPS = ['20k', '200k', '2m', '20m']

export const targets: readonly Target[] = [
  ratio('ingest 100 B, addMany', 'ingest-100b-many', 'peer', 3),
  ratio('ingest 100 B, each add awaited', 'ingest-100b-each', 'peer', 2),
  ratio('ingest 1 KiB', 'ingest-1k-many', 'peer', 2.5),
  ratio('ingest 1 KiB', 'ingest-1k-many', 'fs', 0.8),
  ratio('ingest 256 KiB', 'ingest-256k-many', 'peer', 2.5),
  ratio('ingest 256 KiB', 'ingest-256k-many', 'fs', 0.9),
  ratio('ingest 4 MiB', 'ingest-4m-many', 'peer', 2.5),
  ratio('ingest 4 MiB', 'ingest-4m-many', 'fs', 0.9),
  ratio('64 durable writers', 'durable-64', 'peer', 2.5),
  ratio('1 durable writer', 'durable-1', 'peer', 1.2),
  ratio('1 durable writer', 'durable-1', 'fs', 0.85),
  ratio('durable transactions', 'transactions', 'peer', 2),
  ...(['100b', '1k', '16k'] as const).map((size) => ratio(`random reads ${titleOf(size)}, sync`, `read-${size}-sync`, 'lmdb', 1)),
  ratio('random reads 100 B, sync', 'read-100b-sync', 'lmdb, views', 1),
  ...(['100b', '1k', '16k'] as const).map((size) =>
    ratio(`random reads ${titleOf(size)}, 32 in flight`, `read-${size}-async-32`, 'peer', 1),
  ),
  ...(['100b', '1k', '16k'] as const).map((size) => ratio(`scan ${titleOf(size)}, checked`, `scan-${size}`, 'peer', 2)),
  ...(['1m', '1g', '10g'] as const).map((size) => opening(size)),
  ...(['small', 'large'] as const).map((size) => ratio(`1 writer and 8 readers, ${size} items: writes`, `mixed-${size}`, 'aiodiskdb', 20)),
  growth('add'),
  growth('read'),
  {
    row: 'peak memory while ingesting',
    workloads: ingests(),
    wanted: '≤ 100 MB above the process before',
    of: (run) => most(run, ({ peakBytes, idleBytes }) => (peakBytes - idleBytes) / MB, 100, 'MB'),
  },
  {
    row: 'event-loop delay p99 while ingesting',
    workloads: ingests(),
    wanted: '≤ 20 ms',
    of: (run) => most(run, ({ loopDelayP99Ms }) => loopDelayP99Ms, 20, 'ms'),
  },
  atMost('follow in process, p99', 'follow-in-process', 5, 'ms'),
  atMost('follow from another process, p99', 'follow-beside', 50, 'ms'),
  atMost('CPU of an idle follower', 'follow-idle', 2, '%'),
]

/** The workloads that a run has to measure to tell of every target. */
export const targetWorkloads: ReadonlySet<string> = new Set(targets.flatMap(({ workloads }) => workloads))

function ratio(row: string, workload: string, against: 'peer' | (string & {}), least: number): Target {
  return {
    row,
    workloads: [workload],
    wanted: `≥ ${least} × ${against === 'peer' ? 'the best peer' : against}`,
    of(run) {
      const result = resultOf(run, workload)
      const versus = against === 'peer' ? result?.bestPeer : result?.contenders.find(({ name }) => name === against)
      if (versus?.ratio === undefined) return undefined
      return { text: `${versus.ratio.toFixed(2)} × ${versus.name}`, isMet: versus.ratio >= least }
    },
  }
}

function opening(size: string): Target {
  return {
    row: `open ${titleOf(size)} after a clean stop`,
    workloads: [`open-${size}`],
    wanted: '≤ 2 ms more than opening a file',
    of(run) {
      const result = resultOf(run, `open-${size}`)
      const [own, file] = [storeIn(result), result?.contenders.find(({ name }) => name === 'fs')]
      if (!own || !file) return undefined
      return { text: `${own.value.toFixed(2)} ms, a file ${file.value.toFixed(2)} ms`, isMet: own.value - file.value <= 2 }
    },
  }
}

function growth(verb: 'add' | 'read'): Target {
  const workloads = GROWTH_STEPS.map((step) => `growth-${verb}-${step}`)
  return {
    row: `${verb} of 100 B, from 20,000 to 20 million items`,
    workloads,
    wanted: 'the slowest ≤ 1.5 × the fastest',
    of(run) {
      const rates = workloads.map((name) => storeIn(resultOf(run, name))?.value)
      if (!rates.every((rate) => rate !== undefined)) return undefined
      const growth = Math.max(...rates) / Math.min(...rates)
      return { text: `${growth.toFixed(2)} ×`, isMet: growth <= 1.5 }
    },
  }
}

function atMost(row: string, workload: string, limit: number, unit: string): Target {
  return {
    row,
    workloads: [workload],
    wanted: `≤ ${limit} ${unit}`,
    of(run) {
      const own = storeIn(resultOf(run, workload))
      return own && { text: `${own.value.toFixed(2)} ${unit}`, isMet: own.value <= limit }
    },
  }
}

function most(run: Run, of: (own: ContenderResult) => number, limit: number, unit: string): Outcome | undefined {
  const values = ingests().map((name) => storeIn(resultOf(run, name)))
  if (values.includes(undefined)) return undefined
  const value = Math.max(...values.map((own) => of(own!)))
  return { text: `${value.toFixed(0)} ${unit}`, isMet: value <= limit }
}

function ingests(): string[] {
  return ['ingest-100b-many', 'ingest-100b-each', 'ingest-1k-many', 'ingest-256k-many', 'ingest-4m-many']
}

function resultOf({ results }: Run, workload: string): WorkloadResult | undefined {
  return results.find(({ name }) => name === workload)
}

function storeIn(result: WorkloadResult | undefined): ContenderResult | undefined {
  return result?.contenders.find(({ role }) => role === 'store')
}

function titleOf(size: string): string {
  return { '100b': '100 B', '1k': '1 KiB', '16k': '16 KiB', '1m': '1 MiB', '1g': '1 GiB', '10g': '10 GiB' }[size] ?? size
}
