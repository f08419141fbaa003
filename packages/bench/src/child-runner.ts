import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job } from './job.js'
import type { Measurement } from './workload.js'
import { workloads } from './workloads.js'

/** Runs a job. */
export type RunJob = (job: Job) => Promise<Measurement | undefined>

interface Answer {
  readonly ready?: true
  readonly measurement?: Measurement
  readonly error?: string
}

interface ChildOptions {
  /** What the child runs. */
  readonly program?: string
  /** How long it may take before it counts as hung. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 15 * 60_000

/** Does each job in a process of its own, so that no contender inherits another's heap, compiled code or open files. */
export function childRunner({
  program = fileURLToPath(new URL('./child.js', import.meta.url)),
  timeoutMs = TIMEOUT_MS,
}: ChildOptions = {}): {
  readonly run: RunJob
  readonly start: (job: Job) => { readonly ready: Promise<void>; readonly done: Promise<Measurement | undefined> }
} {
  const start = (job: Job) => {
    const child = fork(program, { serialization: 'advanced', execArgv: ['--disable-warning=ExperimentalWarning'] })
    const ready = new Promise<void>((resolve, reject) => {
      child.on('message', (message: Answer) => message.ready && resolve())
      child.on('close', () => reject(new Error('it ended before it was ready')))
    })
    ready.catch(() => {})
    const done = new Promise<Measurement | undefined>((resolve, reject) => {
      let answer: Answer = {}
      let hung = false
      const timer = setTimeout(() => {
        hung = true
        child.kill('SIGKILL')
      }, timeoutMs)
      child.on('message', (message: Answer) => {
        if (!message.ready) answer = message
      })
      child.on('error', reject)
      child.on('close', (code, signal) => {
        clearTimeout(timer)
        const died = signal === 'SIGKILL' && !hung && isToDie(job)
        if (died || (code === 0 && answer.error === undefined)) return resolve(answer.measurement)
        const reason = hung ? `it hung, and was killed after ${timeoutMs / 1000} s` : (answer.error ?? `it ended with ${signal ?? code}`)
        reject(new Error(`${job.contender} failed at ${job.workload}: ${reason}`))
      })
    })
    child.send(job)
    return { ready, done }
  }
  return { start, run: (job) => start(job).done }
}

function isToDie({ kind, workload }: Job): boolean {
  return kind === 'fill' && workloads.find(({ name }) => name === workload)?.dataset?.killed === true
}
