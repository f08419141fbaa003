import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../result.js'
import { chartsOf } from './chart.js'
import { pageOf } from './page.js'
import { svgOf } from './svg.js'
import { themes } from './theme.js'

/** Writes the page, and each chart as an image, light and dark. Gives the paths. */
export async function writeReport(run: Run, directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true })
  const files: [name: string, text: string][] = [['report.html', pageOf(run)]]
  for (const theme of Object.values(themes)) {
    for (const chart of chartsOf(run)) files.push([`${chart.name}-${theme.name}.svg`, svgOf(chart, theme)])
  }
  const paths = files.map(([name]) => join(directory, name))
  for (const [n, [, text]] of files.entries()) await writeFile(paths[n]!, text)
  return paths
}
