import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { workspace } from '../places.js'
import type { Run } from '../result.js'
import { chartsOf } from './chart.js'
import { withFigures } from './figures-in-documents.js'
import { svgOf } from './svg.js'
import { themes } from './theme.js'

const folder = join(workspace, 'packages/bench/figures')

/** The run that the documents' figures are from. */
export const keptRun = join(folder, 'run.json')

/** The documents that hold figures of it. */
export const documents: readonly string[] = ['README.md', 'PERFORMANCE.md']

/** Makes a run the one that the documents tell of. Gives the paths of what was written. */
export async function keepRun(run: Run): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  for (const name of await readdir(folder)) if (name.endsWith('.svg')) await rm(join(folder, name))
  const files: [path: string, text: string][] = [[keptRun, `${JSON.stringify(run, undefined, 1)}\n`]]
  for (const theme of Object.values(themes)) {
    for (const chart of chartsOf(run)) files.push([join(folder, `${chart.name}-${theme.name}.svg`), svgOf(chart, theme)])
  }
  for (const name of documents) {
    const path = join(workspace, name)
    files.push([path, withFigures(await readFile(path, 'utf8'), run)])
  }
  for (const [path, text] of files) await writeFile(path, text)
  return files.map(([path]) => path)
}
