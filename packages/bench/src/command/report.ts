import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { keepRun, keptRun } from '../report/keep-run.js'
import { writeReport } from '../report/write-report.js'
import type { Run } from '../result.js'
import { fromCaller } from './working-directory.js'

export function reportCommand(): Command {
  return new Command('bench:report')
    .description('Makes a page with charts, and images of them, of what a run of the benchmark wrote with --json.')
    .argument('[figures]', 'the file of the run (default: the one that is kept in the workspace)')
    .option('--out <DIRECTORY>', 'where to write it', 'bench-report')
    .option('--keep', "make this run the workspace's own: its file, its charts, and its figures in README.md and PERFORMANCE.md")
    .action(report)
}

interface ReportOptions {
  readonly out: string
  readonly keep?: true
}

async function report(file: string | undefined, { out, keep }: ReportOptions): Promise<void> {
  const path = file === undefined ? keptRun : fromCaller(file)
  const text = await readFile(path, 'utf8')
  const run = parseRun(text, path)
  const paths = await writeReport(run, fromCaller(out))
  if (keep || file === undefined) paths.push(...(await keepRun(run)))
  for (const one of paths) process.stdout.write(`${one}\n`)
}

export function parseRun(text: string, file: string): Run {
  let run: Partial<Run> | null
  try {
    run = JSON.parse(text) as Partial<Run> | null
  } catch (cause) {
    throw new Error(`${file} is no JSON`, { cause })
  }
  if (run?.format !== 1 || !Array.isArray(run.results)) throw new Error(`${file} is not what a run of the benchmark writes with --json`)
  return run as Run
}
