import { seededRandom } from '@varve/backend/faults'
import { fsBackend, stopOnSignals } from '@varve/fs-backend'
import type { Job } from './job.js'
import { Load } from './load.js'
import { openOnCommand } from './opener.js'
import { follow } from './reader.js'
import { report } from './report.js'
import { randomSettings } from './settings.js'
import { Writer } from './writer.js'

// What the rigs run in processes of its own. What it is to do comes as JSON, what it has to say goes to descriptor 3.

/** After each append, after some of them, and never. */
const WRITEBACK = [1, 1000, Number.POSITIVE_INFINITY]

async function write(job: Job & { readonly do: 'write' }): Promise<void> {
  const { directory, seed, life, rounds = Number.POSITIVE_INFINITY, width = 5, onFaultyMedium = false, patience = 5, end = 'stop' } = job
  const random = seededRandom(seed)
  const settings = { ...randomSettings(random), ...job.settings }
  const { writebackAfter = WRITEBACK[random(WRITEBACK.length)] as number } = job
  const writer = new Writer(fsBackend(directory, { writebackAfter }), settings, life)
  if (end === 'signal') stopOnSignals(writer.store)
  const load = new Load(writer, { random, width, rounds, onFaultyMedium, patience })
  const isOver = await load.run()
  // Stopped by a signal, which takes its course.
  if (end === 'signal') return
  if (isOver && end === 'stop') await load.stop()
  report({ is: 'done', reads: 0 })
  if (end !== 'natural') process.exit()
}

try {
  const job: Job = JSON.parse(process.argv[2] ?? '')
  if (job.do === 'write') await write(job)
  else if (job.do === 'follow') await follow(job)
  else await openOnCommand(job)
} catch (error) {
  report({ is: 'broken', how: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
}
