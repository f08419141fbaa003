import CliTable from 'cli-table3'
import { filesize } from 'filesize'
import { formatValue } from './format-value.js'
import type { ContenderResult, Run, WorkloadResult } from './result.js'

/** A table for each group of workloads, and below it who is not in it and why. */
export function renderRun({ machine, settings, seconds, versions, leftOut, results }: Run): string {
  const lines = [
    `Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ${filesize(machine.memoryBytes, { base: 2 })}, ${machine.system}`,
    Object.entries(versions)
      .map(([name, version]) => `${name} (${version})`)
      .join(', '),
    `Medians of ${settings.rounds} interleaved rounds at scale ${settings.scale}, each contender in a process of its own; a ratio is the median of the rounds' ratios, and above 1 the store is better.`,
    ...leftOut.map(({ name, reason }) => `left out: ${name}: ${reason}`),
  ]
  for (const group of new Set(results.map((result) => result.group))) {
    const rows = results.filter((result) => result.group === group)
    lines.push('', group, renderGroup(rows), ...absences(rows))
  }
  lines.push('', `${seconds.toFixed(0)} s`)
  return `${lines.join('\n')}\n`
}

const HEAD = ['', '', 'value', 'spread', 'MB/s', 'ratio', 'p50 ms', 'p99 ms', 'max ms', 'CPU s', 'loop p99 ms', 'peak', 'disk']

/** Only the columns that say something. */
function renderGroup(results: readonly WorkloadResult[]): string {
  const rows: string[][] = []
  for (const { title, contenders, figure, bestPeer, bestLimit } of results) {
    for (const [n, one] of contenders.entries()) rows.push([n === 0 ? title : '', one.name, ...cells(one, figure)])
    const versus = [bestPeer && ['best peer', bestPeer], bestLimit && ['limit', bestLimit]].filter((one) => one !== undefined)
    for (const [what, { name, ratio }] of versus as [string, { name: string; ratio: number }][]) {
      rows.push(['', `to the ${what}, ${name}`, '', '', '', `${ratio.toFixed(2)} ×`, ...Array<string>(HEAD.length - 6).fill('')])
    }
  }
  const shown = HEAD.map((_, column) => column < 2 || rows.some((row) => row[column] !== ''))
  const shownOf = (row: readonly string[]): string[] => row.filter((_, column) => shown[column])
  const table = new CliTable({
    head: shownOf(HEAD),
    colAligns: shownOf(HEAD).map((_, column) => (column < 2 ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push(shownOf(row))
  return table.toString()
}

function cells(one: ContenderResult, figure: WorkloadResult['figure']): string[] {
  const { value, range, ratio, notCompared, latency } = one
  const milliseconds = (ms: number | undefined): string => (ms === undefined ? '' : ms.toPrecision(3))
  const spread = value === 0 ? '' : `±${Math.round(((range[1] - range[0]) / 2 / value) * 100)} %`
  const size = (bytes: number | undefined): string => (bytes === undefined ? '' : filesize(bytes, { base: 2, round: 0 }))
  return [
    formatValue(value, figure) + (one.readsPerSecond === undefined ? '' : ` + ${formatValue(one.readsPerSecond, 'items/s')} reads`),
    spread,
    figure === 'items/s' ? (one.bytesPerSecond / 1e6).toFixed(one.bytesPerSecond < 1e8 ? 1 : 0) : '',
    notCompared ? 'not compared' : ratio === undefined || one.role === 'store' ? '' : `${ratio.toFixed(2)} ×`,
    milliseconds(latency?.p50),
    milliseconds(latency?.p99),
    milliseconds(latency?.max),
    one.cpuSeconds.toFixed(2),
    one.loopDelayP99Ms.toFixed(1),
    size(one.peakBytes),
    size(one.diskBytes),
  ]
}

/** Who does not take part, each once with all the workloads it is about. */
function absences(results: readonly WorkloadResult[]): string[] {
  const about = new Map<string, string[]>()
  const note = (text: string, title: string): void => void about.set(text, [...(about.get(text) ?? []), title])
  for (const { title, leftOut, failed, contenders } of results) {
    for (const { name, reason } of leftOut) note(`left out: ${name}: ${reason}`, title)
    for (const { name, reason } of failed) note(`FAILED: ${name}: ${reason}`, title)
    for (const { name, notCompared } of contenders) if (notCompared) note(`not compared: ${name}: ${notCompared}`, title)
  }
  return [...about].map(([text, titles]) => (titles.length === results.length ? text : `${text} (${titles.join('; ')})`))
}
