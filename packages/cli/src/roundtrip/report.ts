import { relative } from 'node:path'
import { formatBytes, formatCount, formatDuration, formatRate } from '../terminal/quantities.js'
import { renderTable } from '../terminal/table.js'
import type { Output } from '../terminal/terminal.js'
import type { Skipped } from './find-files.js'
import type { Leg, RoundtripReport } from './roundtrip.js'

const PATH_LENGTH = 60

export function printReport(report: RoundtripReport, out: Output): void {
  const right = 'right' as const
  out.write(
    renderTable(
      out,
      [
        { title: '' },
        { title: 'items', align: right },
        { title: 'bytes', align: right },
        { title: 'time', align: right },
        { title: 'MB/s', align: right },
      ],
      [legRow('added', report.added), legRow('in one transaction', report.committed), legRow('read back, hashes equal', report.readBack)],
    ),
  )
  out.write('Reading and hashing the files is in the times.\n')
  out.write(
    renderTable(
      out,
      [{ title: 'store' }, { title: '', align: right }],
      [
        ['data files', formatCount(report.files)],
        ['bytes on disk', formatBytes(report.storeBytes)],
        ['flushes', formatCount(report.flushes)],
        ['syncs', formatCount(report.syncs)],
        ['opened again in', formatDuration(report.openMs)],
        ['files left out', describeSkipped(report.skipped)],
      ],
    ),
  )
  out.write(
    renderTable(
      out,
      [{ title: 'location', align: right }, { title: 'SHA-256' }, { title: 'file' }],
      report.examples.map(({ location, sha256, path }) => [
        location,
        `${sha256.slice(0, 16)}…`,
        shortened(relative(report.directory, path)),
      ]),
    ),
  )
  if (report.store !== undefined) out.write(`The store is kept in ${report.store}\n`)
}

/** The end of a path tells more than its beginning. */
function shortened(path: string): string {
  return path.length > PATH_LENGTH ? `…${path.slice(1 - PATH_LENGTH)}` : path
}

function legRow(name: string, { items, bytes, ms }: Leg): string[] {
  return [name, formatCount(items), formatBytes(bytes), formatDuration(ms), formatRate(bytes, ms).replace(' MB/s', '')]
}

function describeSkipped(skipped: Skipped): string {
  const reasons: [string, number][] = [
    ['empty', skipped.empty],
    ['symbolic links', skipped.symbolicLinks],
    ['no plain files', skipped.special],
    ['too large', skipped.tooLarge],
    ['unreadable', skipped.unreadable],
  ]
  const told = reasons.filter(([, count]) => count > 0).map(([reason, count]) => `${formatCount(count)} ${reason}`)
  return told.length > 0 ? told.join(', ') : 'none'
}
