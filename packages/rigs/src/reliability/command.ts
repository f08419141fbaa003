import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { branchCoverage } from './coverage-figures.js'
import { matrix } from './matrix.js'
import { readResults, record } from './results.js'
import { runAll } from './run-all.js'
import { runTests } from './test-report.js'
import { reliabilityPage, rowsOf, showMatrix } from './write-reliability.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

await new Command('reliability')
  .description('Runs the tests that show each line of the matrix, and writes RELIABILITY.md.')
  .option('--no-run', 'write the page from what was recorded before')
  .option('--coverage', 'take in what npm run coverage left; fails where a branch is neither taken nor explained, or explained and taken')
  .option('--all', 'run every other command first, each with --record: half an hour')
  .action(({ run, coverage, all }: { readonly run: boolean; readonly coverage?: true; readonly all?: true }) => {
    if (all && !runAll(root)) process.exit(1)
    if (coverage || all) recordCoverage()
    if (run) runMatrix()
    writeFileSync(join(root, 'RELIABILITY.md'), reliabilityPage(readResults(root)))
  })
  .parseAsync()

/** Records the share of branches. Names those that are neither taken nor explained, and those that are explained and taken: the command fails where there are any. */
function recordCoverage(): void {
  const { figures, missed, outdated } = branchCoverage(root)
  record(root, { command: 'npm run coverage', figures })
  for (const [name, value] of Object.entries(figures)) process.stdout.write(`${value} ${name}\n`)
  const unexplained = missed.filter(({ reason }) => reason === undefined)
  for (const { file, line, text } of unexplained) process.stdout.write(`${file}:${line} is not taken: ${text}\n`)
  for (const { file, what } of outdated) process.stdout.write(`${file} is listed as not taken, and is taken: ${what}\n`)
  if (unexplained.length + outdated.length > 0) process.exitCode = 1
}

function runMatrix(): void {
  const files = [...new Set(matrix.flatMap(({ shownBy }) => shownBy.map(({ file }) => file)))]
  const report = runTests(root, files)
  const lines = showMatrix(report)
  for (const { line, tests, failed } of lines) {
    if (failed.length > 0 || tests === 0) {
      process.stdout.write(`NOT SHOWN: ${line.fault}\n${failed.map((title) => `  failed: ${title}\n`).join('')}`)
      process.exitCode = 1
    }
  }
  // A page that claims what a run did not show is worse than an old one.
  if (lines.some(({ tests, failed }) => failed.length > 0 || tests === 0)) process.exit()
  const counts = new Map<string, number>()
  for (const { name, value } of report.counts) counts.set(name, (counts.get(name) ?? 0) + value)
  const tests = lines.reduce((sum, line) => sum + line.tests, 0)
  record(root, {
    command: 'pnpm reliability',
    figures: { 'lines of the table': lines.length, 'tests passed': tests, ...Object.fromEntries(counts) },
    rows: rowsOf(lines),
  })
}
