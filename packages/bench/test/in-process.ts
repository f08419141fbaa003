import { type Host, type Job, perform } from '../src/job.js'
import type { Measurement } from '../src/workload.js'

/** Does jobs in this process: quick, and on the sources. A store that should be killed is closed instead. */
export function performHere(job: Job): Promise<Measurement | undefined> {
  return perform(
    job,
    host(() => {}),
  )
}

function host(ready: () => void): Host {
  return {
    ready,
    die() {},
    beside(job) {
      let isReady = (): void => {}
      const readiness = new Promise<void>((resolve) => {
        isReady = resolve
      })
      return { ready: readiness, done: perform(job, host(isReady)) as Promise<Measurement> }
    },
  }
}
