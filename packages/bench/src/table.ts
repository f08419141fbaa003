import CliTable from 'cli-table3'
import type { ContenderResult, WorkloadResult } from './runner.js'

/** One row a workload; for each contender its median, and how many times as fast as it the first one is. */
export function renderTable(results: readonly WorkloadResult[]): string {
  const [first, ...others] = results[0]?.contenders ?? []
  if (!first) return ''
  const table = new CliTable({
    head: [
      '',
      `${first.name} items/s`,
      'MB/s',
      'spread',
      ...others.flatMap(({ name }) => [`${name} items/s`, 'MB/s', 'spread', `${first.name} / ${name}`]),
    ],
    colAligns: ['left', ...results[0]!.contenders.flatMap(() => ['right', 'right', 'right', 'right'] as const)],
    style: { head: [], border: [], compact: true },
  })
  for (const { title, contenders } of results) {
    table.push([title, ...contenders.flatMap((one, n) => (n === 0 ? figures(one) : [...figures(one), `${one.ratio.toFixed(2)} ×`]))])
  }
  return `${table.toString()}\n`
}

function figures({ itemsPerSecond, bytesPerSecond, range: [least, most] }: ContenderResult): string[] {
  const spread = `±${Math.round(((most - least) / 2 / itemsPerSecond) * 100)} %`
  return [Math.round(itemsPerSecond).toLocaleString('en-US'), (bytesPerSecond / 1e6).toFixed(bytesPerSecond < 1e8 ? 1 : 0), spread]
}
