import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command, InvalidArgumentError, Option } from 'commander'
import { contenders } from './contenders.js'
import { runInChild } from './run-in-child.js'
import { runWorkloads } from './runner.js'
import { renderTable } from './table.js'
import { workloads } from './workloads.js'

interface Options {
  readonly only?: string[]
  readonly quick?: true
  readonly json?: true
  readonly dir?: string
}

const workspace = fileURLToPath(new URL('../../../', import.meta.url))
const pace = { usual: { rounds: 5, scale: 1 }, quick: { rounds: 3, scale: 0.3 } }

async function bench({ only, quick, json, dir }: Options): Promise<void> {
  // On the disk of the workspace: the system's temporary directory is often memory.
  const parent = resolve(process.env.INIT_CWD ?? '.', dir ?? workspace)
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, '.bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const interruption = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort(new Error(`interrupted by ${signal}`)))

  const { rounds, scale } = quick ? pace.quick : pace.usual
  const start = performance.now()
  const results = await runWorkloads({
    workloads: workloads.filter(({ name }) => only === undefined || only.some((part) => name.includes(part))),
    contenders: contenders.map(({ name }) => name),
    directory,
    rounds,
    scale,
    runJob: runInChild,
    signal: interruption.signal,
    onProgress(done, total, { title }) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done + 1} of ${total}: ${title}`)
    },
  })
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')

  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    system: `${process.platform} ${release()}`,
  }
  const seconds = (performance.now() - start) / 1000
  if (json)
    process.stdout.write(
      `${JSON.stringify({ date: new Date().toISOString(), machine, directory: parent, rounds, scale, seconds, results })}\n`,
    )
  else {
    process.stdout.write(`Node ${machine.node}, ${machine.cores} × ${machine.cpu}, ${machine.system}, in ${parent}\n`)
    process.stdout.write(
      `Medians of ${rounds} interleaved rounds, each contender in a process of its own; the ratio is the median of the rounds' ratios.\n`,
    )
    process.stdout.write(renderTable(results))
    process.stdout.write(`${seconds.toFixed(0)} s\n`)
  }
}

function addWorkload(part: string, before: string[] = []): string[] {
  if (!workloads.some(({ name }) => name.includes(part))) {
    throw new InvalidArgumentError(`The names are ${workloads.map(({ name }) => name).join(', ')}.`)
  }
  return [...before, part]
}

try {
  await new Command('bench')
    .description('This store beside plain fs writes and reads of the same bytes, in one run.')
    .option('--quick', 'less of everything, in about 20 s')
    .addOption(new Option('--only <NAME>', 'only workloads whose name holds this; may be given again').argParser(addWorkload))
    .option('--json', 'print the figures as JSON')
    .option('--dir <PATH>', 'where to lay the files down (default: in the workspace)')
    .action(bench)
    .parseAsync()
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
