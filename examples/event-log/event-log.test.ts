import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { open } from 'varve'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { appendEvent } from './event-log.js'

const examples = fileURLToPath(new URL('..', import.meta.url))
let directory: string
const processes: ChildProcess[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-event-log-'))
})

afterEach(async () => {
  for (const child of processes.splice(0)) await kill(child)
  rmSync(directory, { recursive: true })
})

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'close')
}

/** A follower in a process of its own, and the lines that it prints. */
function startFollower(name: string): { child: ChildProcess; next: () => Promise<string | undefined> } {
  const child = spawn(process.execPath, ['--import', 'tsx', 'event-log/follower.ts', join(directory, 'log'), join(directory, name)], {
    cwd: examples,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return { child, next: async () => (await lines.next()).value }
}

test('two followers in other processes see every event, and one that was killed goes on where it was', async () => {
  await using log = await open(join(directory, 'log'))
  await appendEvent(log, { type: 'ordered' })
  const mailer = startFollower('mailer')
  const search = startFollower('search')
  expect([await mailer.next(), await search.next()]).toEqual(['0 ordered', '0 ordered'])

  await appendEvent(log, { type: 'paid' })
  expect([await mailer.next(), await search.next()]).toEqual(['1 paid', '1 paid'])
  await kill(search.child)
  await appendEvent(log, { type: 'packed' })
  expect(await mailer.next()).toBe('2 packed')

  const again = startFollower('search')
  const first = await again.next()
  // It was killed behind the event and, perhaps, before its checkpoint: then it handles that one again.
  expect(['1 paid', '2 packed']).toContain(first)
  if (first === '1 paid') expect(await again.next()).toBe('2 packed')
})
