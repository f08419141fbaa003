import { countOf, formatAge, formatBytes, formatCount } from '../terminal/quantities.js'
import { renderTable } from '../terminal/table.js'
import type { Output } from '../terminal/terminal.js'
import type { StoreStats } from './store-stats.js'

const right = 'right' as const
const BAR = 30

export function printStats({ items, ...stats }: StoreStats, out: Output): void {
  const { files, firstIndex, lastIndex, bytes, firstSequence, nextSequence, isClean, lock } = stats
  const rows = [
    ['data files', `${formatCount(files)} (${firstIndex} to ${lastIndex})`],
    ['bytes', formatBytes(bytes)],
    ['sequences', `${firstSequence} to before ${nextSequence}`],
    ['state', lock ? 'being written to' : isClean ? 'clean' : 'not stopped properly: the next start recovers it'],
    ['lock', lock ?? 'nobody holds it'],
  ]
  if (items) {
    rows.push(['items', `${formatCount(items.count)}, ${formatBytes(items.bytes)}`])
    if (items.oldest !== null && items.newest !== null) rows.push(['oldest', when(items.oldest)], ['newest', when(items.newest)])
    if (items.damages > 0) rows.push(['damage', `${countOf(items.damages, 'place')}; varve verify names them`])
  }
  out.write(renderTable(out, [{ title: 'store' }, { title: '' }], rows))
  if (!items || items.sizes.length === 0) return
  const most = Math.max(...items.sizes.map((bin) => bin.items))
  out.write(
    renderTable(
      out,
      [{ title: 'item size' }, { title: 'items', align: right }, { title: 'bytes', align: right }, { title: '' }],
      items.sizes.map((bin) => [
        `${formatBytes(bin.from)} to ${formatBytes(bin.to)}`,
        formatCount(bin.items),
        formatBytes(bin.bytes),
        '█'.repeat(Math.ceil((bin.items / most) * BAR)),
      ]),
    ),
  )
}

function when(timestamp: number): string {
  return `${new Date(timestamp).toISOString()} (${formatAge(timestamp)})`
}
