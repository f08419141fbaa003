import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { release, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError } from 'commander'
import { wholeNumber } from '../command-line/numbers.js'
import { record } from '../reliability/results.js'
import type { Outcome, Section, SectionOptions } from './section.js'
import { sections } from './sections.js'

interface Options {
  readonly seed: number
  readonly scale: number
  readonly only?: readonly string[]
  readonly dir?: string
  readonly record?: true
}

async function faults({ seed, scale, only, dir, record: toRecord }: Options): Promise<void> {
  const parent = dir === undefined ? tmpdir() : resolve(process.env.INIT_CWD ?? '.', dir)
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, 'varve-linux-'))
  const program = fileURLToPath(new URL('./process-program.js', import.meta.url))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  process.stdout.write(`Node ${process.version}, ${process.platform} ${release()}, in ${parent}, seed ${seed}\n`)
  process.stdout.write(lineOf(['', '', 'outcome', 'counts', 'time']))
  const rows: string[][] = []
  for (const section of sections.filter(({ name }) => only === undefined || only.includes(name))) {
    const own = join(directory, section.name)
    mkdirSync(own)
    const start = performance.now()
    const outcome = await tryOut(section, {
      program,
      directory: own,
      seed,
      scale,
      onProgress: (words) => showProgress(`${section.name}: ${words}`),
    })
    showProgress('')
    const seconds = ((performance.now() - start) / 1000).toFixed(0)
    const row = [section.name, section.title, ...describe(outcome), `${seconds} s`]
    rows.push(row)
    process.stdout.write(lineOf(row))
    if (outcome.kind === 'violation') process.exitCode = 1
    else rmSync(own, { recursive: true })
  }
  if (process.exitCode !== 1) rmSync(directory, { recursive: true })
  else process.stdout.write(`What the violations left is in ${directory}\n`)
  if (toRecord) recordRows(rows, seed)
}

function lineOf([name = '', , outcome = '', counts = '', time = '']: readonly string[]): string {
  return `${name.padEnd(16)}${outcome.padEnd(14)}${time.padStart(6)}  ${counts}\n`
}

async function tryOut(section: Section, options: SectionOptions): Promise<Outcome> {
  const why = section.whatIsMissing(options.directory)
  if (why !== undefined) return { kind: 'skipped', why }
  try {
    return { kind: 'kept', counts: await section.run(options) }
  } catch (error) {
    return { kind: 'violation', how: error instanceof Error ? error.message : String(error) }
  }
}

function describe(outcome: Outcome): [string, string] {
  switch (outcome.kind) {
    case 'skipped':
      return ['SKIPPED', outcome.why]
    case 'violation':
      return ['VIOLATION', outcome.how]
    case 'kept':
      return [
        'no violation',
        Object.entries(outcome.counts)
          .map(([what, count]) => `${count} ${what}`)
          .join(', '),
      ]
  }
}

function recordRows(rows: readonly (readonly string[])[], seed: number): void {
  const count = (outcome: string): number => rows.filter(([, , found]) => found === outcome).length
  record(fileURLToPath(new URL('../../..', import.meta.url)), {
    command: 'pnpm faults:linux',
    figures: { seed, kept: count('no violation'), skipped: count('SKIPPED'), violations: count('VIOLATION') },
    rows: rows.map(([, title = '', outcome = '', counts = '']) => [title, outcome, counts]),
  })
}

function showProgress(words: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${words}`)
}

function addSection(name: string, before: readonly string[] = []): readonly string[] {
  if (!sections.some((section) => section.name === name)) {
    throw new InvalidArgumentError(`The names are ${sections.map((section) => section.name).join(', ')}.`)
  }
  return [...before, name]
}

await new Command('faults:linux')
  .description(
    'Real faults, made by the kernel: failing calls, full disks, power cuts. As root; what can not be tried here is skipped by name.',
  )
  .option('--seed <n>', 'of what the writers do', wholeNumber(0), 1)
  .option('--scale <n>', 'so many times as much of everything', wholeNumber(1), 1)
  .option('--only <name>', 'only this one; may be given again', addSection)
  .option('--dir <path>', 'where to work, on a disk (default: the temporary directory of the system)')
  .option('--record', 'write the figures into results.json, for RELIABILITY.md')
  .action(faults)
  .parseAsync()
