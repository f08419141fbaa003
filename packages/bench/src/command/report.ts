import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { writeReport } from '../report/write-report.js'
import type { Run } from '../result.js'
import { fromCaller } from './working-directory.js'

export function reportCommand(): Command {
  return new Command('bench:report')
    .description('Makes a page with charts, and images of them, of what a run of the benchmark wrote with --json.')
    .argument('<figures>', 'the file of the run')
    .option('--out <DIRECTORY>', 'where to write it', 'bench-report')
    .action(report)
}

async function report(file: string, { out }: { readonly out: string }): Promise<void> {
  const run = parseRun(await readFile(fromCaller(file), 'utf8'), file)
  for (const path of await writeReport(run, fromCaller(out))) process.stdout.write(`${path}\n`)
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
