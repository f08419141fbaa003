import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { childRunner } from '../child-runner.js'
import { PYTHON } from '../contenders/aiodiskdb.js'
import { allContenders, storeAndLimits } from '../contenders.js'
import { renderRun } from '../render-run.js'
import type { Run } from '../result.js'
import { runWorkloads } from '../runner.js'
import { addWorkload, byteCount, positiveNumber, wholeNumber } from './arguments.js'
import { installPeers } from './install-peers.js'
import { interruption } from './interruption.js'
import { thisMachine } from './machine.js'
import { presentEntrants } from './present-entrants.js'
import { ProgressBar } from './progress-bar.js'
import { type Selection, selectWorkloads } from './select-workloads.js'
import { fromCaller, workingDirectory } from './working-directory.js'

interface BenchOptions extends Selection {
  readonly peers?: true
  readonly quick?: true
  readonly list?: true
  readonly json?: string
  readonly dir?: string
  readonly rounds?: number
  readonly scale?: number
  readonly timeout?: number
  readonly python?: string
}

const pace = {
  usual: { rounds: 5, scale: 1, timeout: 900 },
  quick: { rounds: 3, scale: 0.1, timeout: 60 },
  quickWithPeers: { rounds: 1, scale: 0.05, timeout: 60 },
}

export function benchCommand(): Command {
  return new Command('bench')
    .description('This store beside what the machine gives at most, or beside other stores, in one run.')
    .option('--peers', 'beside other stores too; installs them first')
    .option('--python <PATH>', 'a Python that has aiodiskdb, to measure that too')
    .option('--quick', 'less of everything, in less than two minutes')
    .addOption(new Option('--only <PART>', 'only workloads whose name holds this; may be given again').argParser(addWorkload))
    .option('--targets', 'only the workloads that the table of targets is made of, the largest store included')
    .option('--rounds <N>', 'how often each is measured', wholeNumber)
    .option('--scale <FACTOR>', 'how much of each workload to do; 1 is all', positiveNumber)
    .option('--open-to <SIZE>', 'the largest store to open', byteCount, byteCount('1GiB'))
    .option('--growth-to <ITEMS>', 'the most items a store grows to', wholeNumber, 2_000_000)
    .option('--timeout <SECONDS>', 'how long one measurement may take before it counts as hung', positiveNumber)
    .option('--json <FILE>', 'write all figures there, to make a report of')
    .option('--dir <PATH>', 'where to lay the files down (default: in the workspace)')
    .option('--list', 'name the workloads and contenders, and measure nothing')
    .action(bench)
}

async function bench(options: BenchOptions): Promise<void> {
  const workloads = selectWorkloads(options)
  if (options.list) {
    for (const { name, title } of workloads) process.stdout.write(`${name.padEnd(28)}${title}\n`)
    process.stdout.write(`\n${(options.peers ? allContenders : storeAndLimits).map(({ name }) => name).join(', ')}\n`)
    return
  }
  if (options.python) process.env[PYTHON] = fromCaller(options.python)
  if (options.peers) await installPeers()
  const { entrants, versions, leftOut } = await presentEntrants(options.peers ? allContenders : storeAndLimits)

  const { rounds, scale, timeout } = {
    ...(options.quick ? (options.peers ? pace.quickWithPeers : pace.quick) : pace.usual),
    ...defined(options),
  }
  const bar = new ProgressBar()
  const start = performance.now()
  const results = await runWorkloads({
    workloads,
    entrants,
    directory: workingDirectory(options.dir && fromCaller(options.dir)),
    rounds,
    scale,
    runJob: childRunner({ timeoutMs: timeout * 1000 }).run,
    onProgress: bar.show,
    signal: interruption(),
  }).finally(() => bar.end())

  const run: Run = {
    format: 1,
    date: new Date().toISOString(),
    machine: thisMachine(),
    settings: { rounds, scale },
    seconds: (performance.now() - start) / 1000,
    versions,
    leftOut,
    results,
  }
  if (options.json) await writeFile(fromCaller(options.json), `${JSON.stringify(run, undefined, 1)}\n`)
  process.stdout.write(renderRun(run))
  const failures = results.flatMap(({ failed }) => failed)
  if (failures.some(({ name }) => entrants.find((entrant) => entrant.name === name)?.contender.role !== 'peer')) process.exitCode = 1
}

function defined({ rounds, scale, timeout }: BenchOptions): Partial<typeof pace.usual> {
  return { ...(rounds && { rounds }), ...(scale && { scale }), ...(timeout && { timeout }) }
}
