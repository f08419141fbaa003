import type { Damage, RepairReport, VerifyReport } from '@varve/core'
import { countOf, formatBytes, formatCount } from '../terminal/quantities.js'
import { renderTable } from '../terminal/table.js'
import type { Output } from '../terminal/terminal.js'
import { describeLost } from './describe-damage.js'

const right = 'right' as const

export function printVerifyReport({ files, bytes, items, lost, damages, omitted, damagedCursors }: VerifyReport, out: Output): void {
  out.write(
    renderTable(
      out,
      [{ title: 'read' }, { title: '', align: right }],
      [
        ['data files', formatCount(files)],
        ['bytes', formatBytes(bytes)],
        ['intact items', formatCount(items)],
        ['damaged places', formatCount(damages.length + omitted)],
        ...(lost > 0 ? [['items lost in an earlier repair', formatCount(lost)]] : []),
      ],
    ),
  )
  printDamages(damages, out)
  if (omitted > 0) out.write(`and ${countOf(omitted, 'more place')}\n`)
  for (const name of damagedCursors) out.write(`the cursor ${name} is damaged, and no item with it: its consumer has to begin anew\n`)
}

export function printRepairReport({ dryRun, steps, damages }: RepairReport, out: Output): void {
  printDamages(damages, out)
  if (steps.length === 0) {
    out.write('nothing to repair\n')
    return
  }
  out.write(
    renderTable(
      out,
      [{ title: 'file' }, { title: dryRun ? 'would be done' : 'done' }, { title: dryRun ? 'would be kept as' : 'kept as' }],
      steps.map(({ file, action, detail, savedAs }) => [file, `${action}: ${detail}`, savedAs.join('\n')]),
    ),
  )
}

function printDamages(damages: readonly Damage[], out: Output): void {
  if (damages.length === 0) return
  out.write(
    renderTable(
      out,
      [{ title: 'file' }, { title: 'position', align: right }, { title: 'bytes', align: right }, { title: 'damage' }, { title: 'lost' }],
      damages.map(({ file, position, length, kind, detail, lost }) => [
        file,
        String(position),
        String(length),
        `${kind}: ${detail}`,
        lost ? describeLost(lost) : '',
      ]),
    ),
  )
}
