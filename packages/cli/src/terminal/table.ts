import { styleText } from 'node:util'
import CliTable from 'cli-table3'
import type { Output } from './terminal.js'

export interface Column {
  readonly title: string
  /** Default left. */
  readonly align?: 'left' | 'right'
}

/** A table for people, in colour where `out` is a terminal. */
export function renderTable(out: Output, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new CliTable({
    head: columns.map(({ title }) => styleText('bold', title, { stream: out })),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) table.push([...row])
  return `${table.toString()}\n`
}
