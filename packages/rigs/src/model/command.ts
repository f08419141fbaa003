import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { positiveNumber, wholeNumber } from '../command-line/numbers.js'
import { record } from '../reliability/results.js'
import { searchSeeds, seedsFrom } from '../threads/search-seeds.js'
import { runModel } from './run-model.js'
import { type Finding, RUNS_PER_SEED } from './search.js'
import { Tally } from './tally.js'

interface Options {
  readonly minutes?: number
  readonly seed: number
  readonly path?: string
  readonly replay?: string
  readonly record?: true
}

const SECONDS_PER_LINE = 10

/** Goes on with new programs until the time is over, or the promise is broken. */
async function search({ minutes = Number.POSITIVE_INFINITY, seed, record: toRecord }: Options): Promise<string | undefined> {
  const start = performance.now()
  const threads = availableParallelism()
  const tally = new Tally()
  let violation: string | undefined
  let told = start
  const tell = (): void => {
    const seconds = (performance.now() - start) / 1000
    const rate = (tally.counts.commands / seconds).toFixed(0)
    print(`${seconds.toFixed(0)} s: ${tally} from seed ${seed} on, ${rate} commands per second on ${threads} threads`)
  }
  const isOver = (): boolean => violation !== undefined || performance.now() - start > minutes * 60_000
  await searchSeeds<Finding>(seedsFrom(seed, isOver), {
    worker: new URL('./model-worker.js', import.meta.url),
    threads,
    onFinding(finding) {
      tally.add(finding.counts)
      violation ??= finding.violation
      if (performance.now() - told < SECONDS_PER_LINE * 1000) return
      told = performance.now()
      tell()
    },
  })
  tell()
  if (toRecord) {
    const { runs, commands, items, faults, crashes, powerCuts } = tally.counts
    const figures = {
      programs: runs,
      commands,
      items,
      faults,
      crashes,
      'power cuts aside': powerCuts,
      'first seed': seed,
      violations: violation === undefined ? 0 : 1,
    }
    record(fileURLToPath(new URL('../../..', import.meta.url)), { command: 'pnpm model', figures })
  }
  return violation
}

/** The one run that a failure named, with the commands that it named. */
async function again({ seed, path, replay }: Options): Promise<string | undefined> {
  try {
    const tally = await runModel({ runs: RUNS_PER_SEED, seed, path, replay })
    print(`${tally}: the promise is kept`)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

await new Command('model')
  .description(
    `Does at random what can be done to a store and what can happen to what it stands on, and holds it against a plain model: ${RUNS_PER_SEED} programs a seed.`,
  )
  .option('--minutes <n>', 'how long to go on; without it, until it is interrupted', positiveNumber)
  .option('--seed <n>', 'the first seed', wholeNumber(0), 1)
  .option('--path <path>', 'only the program of that seed that a violation was printed with')
  .option('--replay <path>', 'only the commands of that program that a violation was printed with')
  .option('--record', 'write the figures into results.json, for RELIABILITY.md')
  .action(async (options: Options) => {
    const violation = options.path === undefined ? await search(options) : await again(options)
    if (violation === undefined) return
    print(`\nThe promise is broken: ${violation}`)
    process.exitCode = 1
  })
  .parseAsync()
