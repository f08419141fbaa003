import CliTable from 'cli-table3'
import type { Verdict } from './verdict.js'

/** A row for each workload, and a sentence at the end. */
export function renderVerdicts(verdicts: readonly Verdict[], confidence: number): string {
  const percent = `${Number((confidence * 100).toFixed(2))} %`
  const table = new CliTable({
    head: ['', 'present / base', `${percent} interval`, 'by chance', 'pairs', ''],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const { title, says, compared, reason } of verdicts) {
    if (compared) {
      const { ratio, interval, probability, pairs } = compared
      const between = `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`
      table.push([title, `${ratio.toFixed(3)} ×`, between, probability.toPrecision(2), pairs, says])
    } else table.push([title, '', '', '', '', `${says}: ${reason}`])
  }
  const slower = verdicts.filter(({ says }) => says === 'slower')
  const sentence =
    slower.length === 0
      ? 'Nothing was shown to have become slower.'
      : `Slower, with ${percent} confidence each: ${slower.map(({ name, compared }) => `${name} (${compared!.ratio.toFixed(3)} ×)`).join(', ')}.`
  return `${table.toString()}\n${sentence}\n`
}
