import type { Run } from '../result.js'
import { targets } from './targets.js'

/** What a run says of every target, as a table in Markdown. */
export function renderTargets(run: Run): string {
  return tableOf(
    ['workload', 'target', 'measured', ''],
    targets.map(({ row, wanted, of }) => {
      const outcome = of(run)
      return [row, wanted, outcome?.text ?? 'not measured', outcome === undefined ? '' : outcome.isMet ? 'met' : 'not met']
    }),
  )
}

/** A table in Markdown, as the formatter lays it out. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(3, cell.length, ...rows.map((row) => row[column]!.length)))
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}
