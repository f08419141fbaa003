import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokenPromise } from '../checker/broken-promise.js'
import { Child, type End } from '../processes/child-process.js'
import type { WriteJob } from '../processes/job.js'
import { lookAt } from '../processes/look.js'
import { ProcessLedger } from '../processes/process-ledger.js'
import type { Report } from '../processes/report.js'
import { WatchedProcess } from '../processes/watched-process.js'
import { type Call, calls, injection, type SyscallFault } from './syscall-faults.js'

export interface InjectionOptions {
  readonly program: string
  /** An empty directory, for the stores. */
  readonly directory: string
  readonly seed: number
  /** So many programs run at a time. */
  readonly atATime: number
  readonly onRun?: (counts: InjectionCounts) => void
}

export interface InjectionCounts {
  /** Programs run, each with a fault at another call. */
  runs: number
  /** By call and fault. */
  readonly faults: Map<string, number>
  /** Operations that failed, by name. */
  refused: number
  durable: number
}

// Longer than any program takes.
const PATIENCE = 60_000
const FILES = 24

/** The same small program again and again, with each call to the kernel failing in turn; the store is then opened without faults and held against what was acknowledged. */
export class InjectionLoop {
  readonly counts: InjectionCounts = { runs: 0, faults: new Map(), refused: 0, durable: 0 }
  readonly #options: InjectionOptions
  readonly #template: string
  #before: readonly Report[] = []
  #paths: readonly string[] = []

  constructor(options: InjectionOptions) {
    this.#options = options
    this.#template = join(options.directory, 'template')
  }

  async run(): Promise<InjectionCounts> {
    await this.#prepare()
    const streams = calls.flatMap((call) => call.faults.map((fault) => ({ call, fault })))
    const worker = async (number: number): Promise<void> => {
      for (let next = streams.shift(); next; next = streams.shift()) await this.#everyCall(next.call, next.fault, number)
    }
    await Promise.all(Array.from({ length: this.#options.atATime }, (_, number) => worker(number)))
    return this.counts
  }

  /** A store that was not stopped, with a torn end and a rewrite that was interrupted: so that opening it has everything to do. */
  async #prepare(): Promise<void> {
    const before: Report[] = []
    const { program, seed } = this.#options
    const job: WriteJob = { do: 'write', directory: this.#template, seed, life: 1, rounds: 12, width: 2, end: 'exit', settings: SETTINGS }
    const { code, stderr } = await new Child(job, { program, onReport: (report) => before.push(report) }).ended
    if (code !== 0) throw new Error(`the store could not be prepared: ${stderr}`)
    const names = readdirSync(this.#template).filter((name) => name.startsWith('data'))
    appendFileSync(join(this.#template, names.sort().at(-1) as string), 'VBLK and then nothing that makes sense')
    writeFileSync(join(this.#template, '.tmp.data0000000.dat'), 'what an interrupted trim has left')
    this.#before = before
    this.#paths = await this.#namesInUse()
  }

  /** The names that the program uses, as strace wants them: one by one. */
  async #namesInUse(): Promise<readonly string[]> {
    const directory = this.#fresh('names')
    await this.#start(directory, this.#ledgerOfTemplate(), []).ended()
    const cuts = readdirSync(directory).filter((name) => name.startsWith('.cut'))
    const files = Array.from({ length: FILES }, (_, index) => `data${String(index).padStart(7, '0')}.dat`)
    return ['', ...cuts, ...files, ...files.map((name) => `.tmp.${name}`)]
  }

  /** Faults at the first call, at the second, until there is no such call any more. */
  async #everyCall(call: Call, fault: SyscallFault, worker: number): Promise<void> {
    for (let n = 1; await this.#once(call, fault, n, worker); n++);
  }

  /** Whether the program came to such a call. */
  async #once(call: Call, fault: SyscallFault, n: number, worker: number): Promise<boolean> {
    const directory = this.#fresh(`run-${worker}`)
    const log = `${directory}.log`
    const ledger = this.#ledgerOfTemplate()
    const durableBefore = ledger.counts.durable
    try {
      const under = injection(
        call,
        fault,
        n,
        this.#paths.map((name) => join(directory, name)),
        log,
      )
      const program = this.#start(directory, ledger, under)
      const timer = setTimeout(() => program.kill(), PATIENCE)
      const end = await program.ended().finally(() => clearTimeout(timer))
      const happened = hasHappened(end, fault, readFileSync(log, 'utf8'))
      assertEnded(end, fault, happened)
      await lookAt(directory, ledger)
      // Whatever it was that did not reach the disk: the kernel does not tell of it again.
      if (happened && call.name === 'sync' && fault.tampering.startsWith('error') && ledger.counts.refused === 0)
        throw new BrokenPromise('nobody was told that a sync had failed')
      if (happened) this.#count(call, fault, ledger, durableBefore)
      return happened
    } catch (error) {
      throw new BrokenPromise(
        `${fault.name} at ${call.name} number ${n}: ${error instanceof Error ? error.message : String(error)}; the store is left at ${directory}`,
        {
          cause: error,
        },
      )
    }
  }

  #ledgerOfTemplate(): ProcessLedger {
    const ledger = new ProcessLedger()
    for (const report of this.#before) ledger.take(report)
    return ledger
  }

  #fresh(name: string): string {
    const directory = join(this.#options.directory, name, 'store')
    rmSync(join(this.#options.directory, name), { recursive: true, force: true })
    mkdirSync(join(this.#options.directory, name))
    cpSync(this.#template, directory, { recursive: true })
    return directory
  }

  #start(directory: string, ledger: ProcessLedger, under: readonly string[]): WatchedProcess {
    const { program, seed } = this.#options
    const job: WriteJob = {
      do: 'write',
      directory,
      seed: seed + 1,
      life: 101,
      rounds: 16,
      width: 2,
      settings: SETTINGS,
      // A sync in the background as well, whose failure is met by the next one that was asked for.
      writebackAfter: 1,
      onFaultyMedium: true,
    }
    // One thread for all calls: they are counted a thread.
    return new WatchedProcess(job, { program, ledger, under, env: { UV_THREADPOOL_SIZE: '1', UV_USE_IO_URING: '0' } })
  }

  #count(call: Call, fault: SyscallFault, { counts: { refused, durable } }: ProcessLedger, durableBefore: number): void {
    const { counts } = this
    const key = `${call.name}: ${fault.name}`
    counts.runs++
    counts.faults.set(key, (counts.faults.get(key) ?? 0) + 1)
    counts.refused += refused
    counts.durable += durable - durableBefore
    this.#options.onRun?.(counts)
  }
}

// An add that finds no room gives up soon.
const SETTINGS = { maxFileSize: 900, maxBufferSize: 400, timeout: 300, flushInterval: 30_000, durability: 'sync' } as const

function hasHappened({ signal }: End, { tampering }: SyscallFault, log: string): boolean {
  if (tampering.startsWith('signal')) return signal === 'SIGKILL'
  return log.includes('INJECTED') || log.includes('DELAYED')
}

function assertEnded({ code, signal, stderr }: End, { tampering }: SyscallFault, happened: boolean): void {
  if (code === 0 || (happened && tampering.startsWith('signal') && signal === 'SIGKILL')) return
  const how = signal === 'SIGKILL' ? `did not end within ${PATIENCE / 1000} s` : `ended with ${signal ?? code}`
  throw new BrokenPromise(`the program ${how}: ${stderr}`)
}
