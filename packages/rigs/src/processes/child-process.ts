import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Job } from './job.js'
import { REPORT_FD, type TimedReport } from './report.js'

/** How a process ended. */
export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export interface StartOptions {
  /** The bundled program that processes run. */
  readonly program: string
  readonly onReport: (report: TimedReport) => void
  /** A command before the one that runs Node, as `['strace', '-f']`. */
  readonly under?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** A process of the rigs. Everything that it reported before its end, however it ended, is told before `ended` resolves. */
export class Child {
  readonly ended: Promise<End>
  readonly #process: ChildProcess
  /** With what it runs under it is a group of processes, and ends as one. */
  readonly #isGroup: boolean

  constructor(job: Job, { program, onReport, under = [], env = {} }: StartOptions) {
    this.#isGroup = under.length > 0
    const [command = process.execPath, ...args] = [...under, process.execPath, program, JSON.stringify(job)]
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      detached: this.#isGroup,
    })
    // It may be killed while it is told something.
    this.#process.stdin?.on('error', () => undefined)
    let stderr = ''
    this.#process.stderr?.on('data', (data) => (stderr += data))
    const told = new Promise<void>((resolve) => {
      // A line that a kill has cut short was not told: readline gives it too, without its end.
      const lines = createInterface({ input: this.#process.stdio[REPORT_FD] as Readable })
      lines.on('line', (line) => {
        const what = parse(line)
        if (what) onReport(what)
      })
      lines.on('close', resolve)
    })
    const closed = new Promise<End>((resolve, reject) => {
      this.#process.once('error', reject)
      this.#process.once('close', (code, signal) => resolve({ code, signal, stderr }))
    })
    this.ended = Promise.all([closed, told]).then(([end]) => end)
    this.ended.catch(() => undefined)
    if (this.#isGroup) this.#endWithThisProcess()
  }

  get pid(): number {
    return this.#process.pid as number
  }

  /** Writes a line to its stdin. */
  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`)
  }

  /** Sends a signal, also to what it runs under. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (!this.#isGroup) return void this.#process.kill(signal)
    try {
      process.kill(-this.pid, signal)
    } catch {
      // It has ended already.
    }
  }

  #endWithThisProcess(): void {
    const kill = (): void => this.kill()
    process.once('exit', kill)
    this.#process.once('close', () => process.off('exit', kill))
  }
}

function parse(line: string): TimedReport | undefined {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
