import { type MatrixLine, matrix } from './matrix.js'
import type { RunResult } from './results.js'
import { fits, type TestReport } from './test-report.js'
import { uncovered } from './uncovered.js'

/** One line of the table: what was shown, by how many tests, with which numbers. */
export interface ShownLine {
  readonly line: MatrixLine
  readonly tests: number
  readonly failed: readonly string[]
  /** What the tests printed, added up by name. */
  readonly counts: ReadonlyMap<string, number>
}

export function showMatrix({ results, counts }: TestReport): ShownLine[] {
  return matrix.map((line) => {
    const isMeant = (test: { readonly file: string; readonly title: string }): boolean =>
      line.shownBy.some((evidence) => fits(test, evidence))
    const meant = results.filter(isMeant)
    const sums = new Map<string, number>()
    for (const { name, value } of counts.filter(isMeant)) sums.set(name, (sums.get(name) ?? 0) + value)
    return {
      line,
      tests: meant.filter(({ passed }) => passed).length,
      failed: meant.flatMap(({ passed, title }) => (passed ? [] : [title])),
      counts: sums,
    }
  })
}

/** The table's rows, to be kept with the results. */
export function rowsOf(lines: readonly ShownLine[]): string[][] {
  return lines.map(({ line, tests, counts }) => {
    const numbers = [
      tests === 1 ? '1 test' : `${tests} tests`,
      ...[...counts].map(([name, value]) => `${value.toLocaleString('en')} ${name}`),
    ]
    return [line.fault, line.promise, line.shownBy.map(describe).join('; '), numbers.join(', ')]
  })
}

function describe({ file, title }: MatrixLine['shownBy'][number]): string {
  return `[${title}](${file})`
}

const INTRO = `# Reliability

<!-- Written by \`pnpm reliability\`: change packages/rigs/src/reliability and run it again. -->

**An item whose durability was acknowledged is never lost and never served wrong; one that was not is there whole or not at all; a transaction
is there whole or not at all.** This page says how that is shown, by commands that anybody can run, and what the last run of each came to.

The rigs are in \`packages/rigs\`, and what they are made of is public: \`@varve/backend/faults\` has the backends that fail and lose power, so you can put
your own code to the same test.

- **Power loss**: a disk in memory that keeps what is durable apart from what is only cached, and names every state that a power cut could leave at each step of a program. Each is recovered by the real engine and held against what had been acknowledged.
- **Errors**: each call to the disk fails once with each error that fits it, until the program comes to its end.
- **Model**: programs at random against a plain model in memory, with faults, crashes and jumps of the clock. A seed replays each.
- **Processes**: writers that are killed, locked out and halted, while their parent keeps the ledger.
- **Planted bugs**: mistakes that someone could make, planted one at a time. A rig that catches none of its planted bugs proves nothing.

Assumed of the medium, as SQLite does: bytes outside of a write, or written again with the same value, survive a power loss. One thing can't be told apart: damage to the very last acknowledged
block, with nothing behind it, looks like a write that a crash has torn. It is cut off, saved beside the store, and reported.
`

const COMMANDS: readonly { readonly command: string; readonly words: string }[] = [
  { command: 'pnpm crash', words: 'Power cuts in programs at random, on all cores, for as long as it is told.' },
  { command: 'pnpm kill', words: 'A writer that is killed with SIGKILL again and again.' },
  { command: 'pnpm model', words: 'The model test, with as many programs as it is told.' },
  { command: 'pnpm mutants', words: 'Every planted bug, and what catches it.' },
  {
    command: 'pnpm faults:linux',
    words: 'Real faults: errors injected into system calls, a full disk, a power cut of a real file system.',
  },
  { command: 'npm run coverage', words: 'Branches of the engine and the contract that the tests take.' },
]

/** The page, from the results of the commands' last runs. */
export function reliabilityPage(results: readonly RunResult[]): string {
  const of = (command: string): RunResult | undefined => results.find((result) => result.command === command)
  const run = of('pnpm reliability')
  const table = run
    ? [
        `\`pnpm reliability\`, ${run.date}, ${run.versions}: ${figuresOf(run)}.`,
        '',
        ...tableOf(['fault', 'promise', 'shown by', 'count'], run.rows ?? []),
      ]
    : ['Not run yet: `pnpm reliability`.']
  const sections = COMMANDS.flatMap(({ command, words }) => ['', `## \`${command}\``, '', words, '', ...sectionOf(command, of(command))])
  const gaps = uncovered.map(({ file, what, reason }) => [`\`${file}\``, what, reason])
  return `${[INTRO, '## The faults', '', ...table, ...sections, '', '### What is not covered, and why', '', ...tableOf(['file', 'branch', 'reason'], gaps)].join('\n')}\n`
}

function sectionOf(command: string, result: RunResult | undefined): string[] {
  if (!result) return ['No result is recorded: run it with `--record`.']
  const summary = `${result.date}, ${result.versions}: ${figuresOf(result)}.`
  if (command !== 'pnpm mutants') return [summary, ...(result.rows ? ['', ...result.rows.map((row) => `- ${row.join(': ')}`)] : [])]
  return [summary, '', ...tableOf(['planted bug', 'what it would do', 'caught by'], result.rows ?? [])]
}

function figuresOf({ figures }: RunResult): string {
  return Object.entries(figures)
    .map(([name, value]) => `${typeof value === 'number' ? value.toLocaleString('en') : value} ${name}`)
    .join(', ')
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
}
