import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { positiveNumber, wholeNumber } from '../command-line/numbers.js'
import { describeProgram, type Program } from '../programs/program.js'
import { randomProgram } from '../programs/random-program.js'
import { SURROUNDINGS } from '../programs/sequences.js'
import { record } from '../reliability/results.js'
import { searchSeeds, seedsFrom } from '../threads/search-seeds.js'
import { type Finding, searchProgram } from './search.js'
import type { SequencesFinding } from './search-sequences.js'

interface Options {
  readonly minutes?: number
  readonly seed: number
  readonly replay?: number
  readonly program?: Program
  readonly short?: true
  readonly record?: true
}

const SECONDS_PER_LINE = 10

/** Goes on with new programs until the time is over, or the promise is broken. */
async function search({ minutes = Number.POSITIVE_INFINITY, seed, record: toRecord }: Options): Promise<boolean> {
  const start = performance.now()
  const threads = availableParallelism()
  const counts = { programs: 0, states: 0, checks: 0 }
  let broken = false
  let told = start
  const tell = (): void => {
    const seconds = (performance.now() - start) / 1000
    const { programs, states, checks } = counts
    print(
      `${seconds.toFixed(0)} s: ${programs} programs from seed ${seed} on, ${states} states, ${checks} checks, ${(states / seconds).toFixed(0)} states per second on ${threads} threads`,
    )
  }
  const isOver = (): boolean => broken || performance.now() - start > minutes * 60_000
  await searchSeeds<Finding>(seedsFrom(seed, isOver), {
    worker: new URL('./crash-worker.js', import.meta.url),
    threads,
    onFinding(finding) {
      counts.programs++
      counts.states += finding.states
      counts.checks += finding.checks
      if (finding.violation) {
        broken = true
        printViolation(finding)
      }
      if (performance.now() - told < SECONDS_PER_LINE * 1000) return
      told = performance.now()
      tell()
    },
  })
  tell()
  if (toRecord) {
    const root = fileURLToPath(new URL('../../..', import.meta.url))
    record(root, { command: 'pnpm crash', figures: { ...counts, 'first seed': seed, violations: broken ? 1 : 0 } })
  }
  return broken
}

/** All short programs, as `npm test` tries them. */
async function searchShort(): Promise<boolean> {
  let broken = false
  await searchSeeds<SequencesFinding>(SURROUNDINGS.keys(), {
    worker: new URL('./crash-sequences-worker.js', import.meta.url),
    threads: availableParallelism(),
    onFinding({ programs, states, checks, violation }) {
      print(
        `${programs} programs, ${states} states, ${checks} checks: ${violation ? `the promise is broken by ${violation}` : 'the promise is kept'}`,
      )
      broken ||= violation !== undefined
    },
  })
  return broken
}

/** One program, told in full. */
async function tryOne(program: Program): Promise<boolean> {
  print(`seed ${program.seed}, ${JSON.stringify(program.settings)}: ${describeProgram(program)}`)
  const finding = await searchProgram(program)
  print(`${finding.states} states, ${finding.checks} checks`)
  if (finding.violation) printViolation(finding)
  else print('the promise is kept')
  return finding.violation !== undefined
}

function printViolation({ seed, violation }: Finding): void {
  if (!violation) return
  print(`\nThe promise is broken by ${violation.story}\n\nShortened: ${violation.shortenedStory}\n`)
  print(`Again: pnpm crash --replay ${seed}\nThe shortened one: pnpm crash --program '${JSON.stringify(violation.shortened)}'\n`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function programOf(text: string): Program {
  try {
    return JSON.parse(text) as Program
  } catch {
    throw new InvalidArgumentError('It must be a program as it was printed.')
  }
}

await new Command('crash')
  .description(
    'Runs programs on a store whose medium loses power at every step, and checks what is recovered from every state that this could leave.',
  )
  .option('--minutes <n>', 'how long to go on; without it, until it is interrupted', positiveNumber)
  .option('--seed <n>', 'the seed of the first program', wholeNumber(0), 1)
  .option('--replay <seed>', 'only the program of this seed', wholeNumber(0))
  .option('--program <json>', 'only this program', programOf)
  .option('--short', 'not programs at random but every sequence of up to three operations, which takes a minute or two')
  .option('--record', 'write the figures into results.json, for RELIABILITY.md')
  .action(async (options: Options) => {
    const { replay, program = replay === undefined ? undefined : randomProgram(replay) } = options
    const broken = program ? await tryOne(program) : options.short ? await searchShort() : await search(options)
    if (broken) process.exitCode = 1
  })
  .parseAsync()
