import { type Job, perform } from './job.js'

// Started by run-in-child.ts: one job, one answer.
process.once('message', (job: Job) => {
  perform(job).then(
    (measurement) => process.send!({ measurement }, () => process.disconnect()),
    (error: unknown) => {
      process.send!({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }, () => process.exit(1))
    },
  )
})
