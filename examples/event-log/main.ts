// Writes a few events, with two followers beside it.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { open } from 'varve'
import { appendEvent } from './event-log.js'

const directory = await mkdtemp(join(tmpdir(), 'varve-event-log-'))
const log = await open(join(directory, 'log'))
const program = fileURLToPath(new URL('./follower.ts', import.meta.url))
const followers = ['mailer', 'search'].map((name) => {
  const follower = spawn(process.execPath, ['--import', 'tsx', program, join(directory, 'log'), join(directory, name)])
  return { name, follower, lines: createInterface({ input: follower.stdout }) }
})

for (const type of ['ordered', 'paid', 'packed', 'sent']) {
  await appendEvent(log, { type, order: 4711 })
  console.log(`log:    ${type} is on stable storage`)
}

await Promise.all(
  followers.map(async ({ name, follower, lines }) => {
    for await (const line of lines) {
      console.log(`${name}: ${line}`)
      if (line.endsWith('sent')) follower.kill()
    }
  }),
)
await log.stop()
await rm(directory, { recursive: true })
