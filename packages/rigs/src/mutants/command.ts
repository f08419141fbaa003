import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { wholeNumber } from '../command-line/numbers.js'
import { record } from '../reliability/results.js'
import { plantedBugs } from './planted-bugs.js'
import { findUnplantable, tryMutants, tryRigs, type Verdict } from './try-mutants.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Options {
  readonly only?: readonly string[]
  readonly jobs: number
  readonly limit: number
  readonly baseline: boolean
  readonly record?: true
}

// So that what listens to the exit ends the runs under way and removes the copies.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

await new Command('mutants')
  .description('Plants bugs in a copy of the sources, one at a time, and shows which test catches each.')
  .option('--only <text...>', 'only those whose name contains one of the texts')
  .option('--jobs <count>', 'how many at the same time', wholeNumber(1), Math.min(4, availableParallelism()))
  .option('--limit <seconds>', 'after which a run counts as hanging', wholeNumber(1), 300)
  .option('--no-baseline', 'do not run the rigs without a bug first')
  .option('--record', 'write the figures into results.json, for RELIABILITY.md')
  .action(run)
  .parseAsync()

async function run({ only, jobs, limit, baseline, record: toRecord }: Options): Promise<void> {
  const mutants = plantedBugs.filter(({ name }) => !only || only.some((text) => name.includes(text)))
  const options = { root, jobs, limit: limit * 1000 }
  if (mutants.length === 0) return fail(`no planted bug has '${only?.join("' or '")}' in its name`)
  const unplantable = findUnplantable(mutants, root)
  if (unplantable.length > 0) return fail(unplantable.join('\n'))
  if (baseline) {
    const failed = await tryRigs(mutants, options)
    for (const [rig, outcome] of failed)
      say(`${rig} fails without any bug: ${'title' in outcome ? outcome.title : ''} ${'message' in outcome ? outcome.message : ''}`)
    if (failed.size > 0) return fail('a rig that fails by itself catches nothing')
  }
  const start = performance.now()
  const verdicts = await tryMutants(mutants, { ...options, onVerdict: (verdict) => say(describe(verdict)) })
  const caught = verdicts.filter(({ outcome }) => outcome.kind === 'failed').length
  const seconds = Math.round((performance.now() - start) / 1000)
  say(`\n${caught} of ${verdicts.length} planted bugs caught in ${seconds} s`)
  if (toRecord)
    record(root, { command: 'pnpm mutants', figures: { 'planted bugs': verdicts.length, caught, seconds }, rows: verdicts.map(row) })
  if (caught < verdicts.length) fail('a bug survived')
}

function describe({ mutant, outcome, seconds }: Verdict): string {
  const time = `${seconds.toFixed(1).padStart(6)} s`
  if (outcome.kind === 'failed') return `${time}  caught    ${mutant.name}\n             ${outcome.file}: ${outcome.title}`
  if (outcome.kind === 'passed') return `${time}  SURVIVED  ${mutant.name}: ${mutant.why}`
  return `${time}  UNUSABLE  ${mutant.name}: ${outcome.message}`
}

function row({ mutant, outcome }: Verdict): readonly string[] {
  return [mutant.name, mutant.why, 'file' in outcome ? `\`${outcome.file}\`: ${outcome.title}` : 'not caught']
}

function fail(message: string): void {
  say(message)
  process.exitCode = 1
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
