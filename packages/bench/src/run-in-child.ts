import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Job } from './job.js'
import type { Measurement } from './workload.js'

/** Runs a job. */
export type RunJob = (job: Job) => Promise<Measurement | undefined>

interface Answer {
  readonly measurement?: Measurement
  readonly error?: string
}

/** Does it in a process of its own, so that no contender inherits another's heap, compiled code or open files. */
export const runInChild: RunJob = (job) =>
  new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), { serialization: 'advanced' })
    let answer: Answer = {}
    child.on('message', (message: Answer) => {
      answer = message
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0 && answer.error === undefined) resolve(answer.measurement)
      else reject(new Error(`${job.contender} failed at ${job.workload}: ${answer.error ?? `it ended with ${signal ?? code}`}`))
    })
    child.send(job)
  })
