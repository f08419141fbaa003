import type { Contender } from '../contender.js'
import { formatValue } from '../format-value.js'
import type { Run, WorkloadResult } from '../result.js'

/** One drawing: the workloads of a group, each with a bar for each contender that can be compared, as many times as good as the store at 1. */
export interface Chart {
  /** For a file's name. */
  readonly name: string
  readonly title: string
  readonly rows: readonly ChartRow[]
}

interface ChartRow {
  readonly title: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly contender: string
  readonly role: Contender['role']
  /** How many of its role came before it: which of the role's colours it has, the same in all charts. */
  readonly nth: number
  readonly timesAsGood: number
  readonly label: string
}

/** A chart for each group. What is not durable where the others are is in none: it would only make their bars short. */
export function chartsOf(run: Run): Chart[] {
  const results = run.results
    .map((result) => ({
      ...result,
      contenders: result.contenders.filter(({ ratio, notCompared }) => ratio !== undefined && notCompared === undefined),
    }))
    .filter(({ contenders }) => contenders.length > 0)
  const places = placesOf(results)
  return [...new Set(results.map(({ group }) => group))].map((group) => ({
    name: fileNameOf(group),
    title: group,
    rows: results
      .filter((result) => result.group === group)
      .map(({ title, contenders, figure }) => ({
        title,
        bars: contenders.map(({ name, role, ratio, value }) => ({
          contender: name,
          role,
          nth: places.get(name)!,
          // The store's own ratio to itself is 1; another is as good as 1 / ratio of it.
          timesAsGood: 1 / ratio!,
          label: formatValue(value, figure),
        })),
      })),
  }))
}

function placesOf(results: readonly WorkloadResult[]): Map<string, number> {
  const roles = new Map(results.flatMap(({ contenders }) => contenders.map(({ name, role }) => [name, role])))
  const used = { store: 0, limit: 0, peer: 0 }
  return new Map([...roles].map(([name, role]) => [name, used[role]++]))
}

function fileNameOf(group: string): string {
  return group
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}
