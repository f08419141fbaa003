import type { Entrant } from './entrant.js'
import { type Absent, type ContenderResult, figureOf, timesAsGood, type Versus, type WorkloadResult } from './result.js'
import { median } from './statistics.js'
import { type Measurement, reasonNotToCompare, type Workload } from './workload.js'

interface Measured {
  readonly rounds: ReadonlyMap<Entrant, readonly Measurement[]>
  readonly leftOut: readonly Absent[]
  readonly failed: readonly Absent[]
  /** The one whose ratio to the others is told. */
  readonly first: Entrant
}

/** Medians, spreads and ratios of the rounds of a workload. */
export function summarize(workload: Workload, { rounds, leftOut, failed, first }: Measured): WorkloadResult {
  const firstRounds = rounds.get(first)
  const contenders = [...rounds].map(([entrant, own]) => summarizeOne(workload, entrant, own, firstRounds))
  const bestPeer = best(contenders, 'peer', workload)
  const bestLimit = best(contenders, 'limit', workload)
  const { name, title, group, figure } = workload
  return { name, title, group, figure, contenders, leftOut, failed, ...(bestPeer && { bestPeer }), ...(bestLimit && { bestLimit }) }
}

function summarizeOne(
  workload: Workload,
  { name, contender }: Entrant,
  rounds: readonly Measurement[],
  first: readonly Measurement[] | undefined,
): ContenderResult {
  const { figure } = workload
  const values = rounds.map((round) => figureOf(figure, round))
  const notCompared = reasonNotToCompare(contender, workload)
  const middle = (of: (round: Measurement) => number | undefined): number | undefined => {
    const known = rounds.map(of).filter((value) => value !== undefined)
    return known.length > 0 ? median(known) : undefined
  }
  const always = (of: (round: Measurement) => number): number => median(rounds.map(of))
  const readsPerSecond = middle(({ reads, ms }) => (reads === undefined ? undefined : (reads / ms) * 1000))
  const p50 = middle(({ latency }) => latency?.p50)
  const diskBytes = middle((round) => round.diskBytes)
  return {
    name,
    role: contender.role,
    ...(notCompared && { notCompared }),
    value: median(values),
    range: [Math.min(...values), Math.max(...values)],
    ...(first && { ratio: median(values.map((value, round) => timesAsGood(figure, figureOf(figure, first[round]!), value))) }),
    itemsPerSecond: always(({ items, ms }) => (items / ms) * 1000),
    bytesPerSecond: always(({ bytes, ms }) => (bytes / ms) * 1000),
    ...(readsPerSecond !== undefined && { readsPerSecond }),
    ...(p50 !== undefined && {
      latency: { p50, p99: middle(({ latency }) => latency?.p99)!, max: middle(({ latency }) => latency?.max)! },
    }),
    cpuSeconds: always(({ cpuMs }) => cpuMs / 1000),
    loopDelayP99Ms: always(({ loopDelayP99Ms }) => loopDelayP99Ms),
    peakBytes: always(({ peakBytes }) => peakBytes),
    idleBytes: always(({ idleBytes }) => idleBytes),
    ...(diskBytes !== undefined && { diskBytes }),
    rounds,
  }
}

/** The best of a role that may be compared. */
function best(contenders: readonly ContenderResult[], role: ContenderResult['role'], { figure }: Workload): Versus | undefined {
  const candidates = contenders.filter((one) => one.role === role && one.notCompared === undefined && one.ratio !== undefined)
  const [winner] = candidates.sort((a, b) => (figure === 'items/s' ? b.value - a.value : a.value - b.value))
  return winner && { name: winner.name, ratio: winner.ratio! }
}
