import { childRunner } from './child-runner.js'
import { type Host, type Job, perform } from './job.js'

// Started by child-runner.ts: one job, one answer.
const host: Host = {
  beside(job) {
    const { ready, done } = childRunner().start(job)
    return { ready, done: done.then((measurement) => measurement ?? Promise.reject(new Error(`${job.kind} measured nothing`))) }
  },
  ready: () => process.send!({ ready: true }),
  die: () => process.kill(process.pid, 'SIGKILL'),
}

// Nobody is left to answer to.
process.once('disconnect', () => process.exit(1))

process.once('message', (job: Job) => {
  perform(job, host).then(
    // A peer may keep threads or handles that outlive it.
    (measurement) => process.send!({ measurement }, () => process.exit(0)),
    (error: unknown) => {
      process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1))
    },
  )
})
