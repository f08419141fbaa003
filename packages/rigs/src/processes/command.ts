import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { wholeNumber } from '../command-line/numbers.js'
import { record } from '../reliability/results.js'
import { KillLoop, type KillTally } from './kill-loop.js'

interface Options {
  readonly cycles: number
  readonly seed: number
  readonly readers: number
  readonly dir?: string
  readonly record?: true
}

// How often the line is written where it is not overwritten.
const CYCLES_PER_LINE = 100

async function kill({ cycles, seed, readers, dir, record: toRecord }: Options): Promise<void> {
  const parent = dir === undefined ? tmpdir() : resolve(process.env.INIT_CWD ?? '.', dir)
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, 'varve-kill-'))
  const start = performance.now()
  const seconds = (): number => (performance.now() - start) / 1000
  const loop = new KillLoop({
    program: fileURLToPath(new URL('./process-program.js', import.meta.url)),
    directory: join(directory, 'store'),
    cycles,
    seed,
    readers,
    onCycle(tally) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${progressLine(tally, cycles, seconds())}`)
      else if (tally.cycles % CYCLES_PER_LINE === 0) process.stderr.write(`${progressLine(tally, cycles, seconds())}\n`)
    },
  })
  try {
    const tally = await loop.run()
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    process.stdout.write(`${describe(tally, seed, seconds())}\n`)
    rmSync(directory, { recursive: true })
    if (toRecord) {
      const { durable, looks, transactions, removals, followed } = tally
      const figures = {
        'writers killed': tally.cycles,
        seed,
        'items acknowledged and kept': durable,
        looks,
        transactions,
        'trims and drops': removals,
        'items followed': followed,
      }
      record(fileURLToPath(new URL('../../..', import.meta.url)), { command: 'pnpm kill', figures })
    }
  } catch (error) {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
    throw new Error(`${error instanceof Error ? error.message : String(error)}\nThe store is left at ${join(directory, 'store')}`, {
      cause: error,
    })
  }
}

function progressLine({ cycles, durable, lost, followed }: KillTally, wanted: number, seconds: number): string {
  const rate = (cycles / seconds).toFixed(1)
  return `${cycles} of ${wanted} cycles, ${rate} a second; ${durable} items acknowledged as durable and kept, ${lost} others lost, ${followed} followed`
}

function describe(tally: KillTally, seed: number, seconds: number): string {
  const { cycles, killedOpening, looks, looksHere, accepted, durable, lost, transactions, removals, followed, reads } = tally
  const { interruptedRemovals, interruptedRemovalsDone } = tally
  return [
    `${cycles} writers killed with SIGKILL (seed ${seed}) in ${seconds.toFixed(0)} s, ${(cycles / seconds).toFixed(1)} a second: no violation.`,
    `${killedOpening} were killed while they opened the store. ${looks} looks at the whole of it: ${looksHere} by the parent, ${looks - looksHere} by the next writer.`,
    `${accepted} items accepted, ${durable} of them acknowledged as durable, all of which were kept; ${lost} others were lost.`,
    `${transactions} transactions; ${removals} trims and drops, and ${interruptedRemovals} interrupted, of which ${interruptedRemovalsDone} were found done.`,
    `Readers in other processes were shown ${followed} items and read ${reads} at random.`,
  ].join('\n')
}

try {
  await new Command('kill')
    .description('Kills a process that writes to a store, again and again, and looks whether the promise was kept.')
    .option('--cycles <N>', 'how often', wholeNumber(1), 1000)
    .option('--seed <S>', 'of what the writers do and when they are killed', wholeNumber(0), Date.now() % 1_000_000)
    .option('--readers <N>', 'processes that follow the store all the while', wholeNumber(0), 1)
    .option('--dir <PATH>', "where to keep the store (default: in the system's temporary directory)")
    .option('--record', 'write the figures into results.json, for RELIABILITY.md')
    .action(kill)
    .parseAsync()
} catch (error) {
  process.stderr.write(`violation: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
