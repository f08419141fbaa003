import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { killReplication } from '../src/replication/killed-replication.js'
import { bundled } from './bundled.js'

const program = await bundled('replication/program')

test('a copy loses nothing that was copied and is never ahead, whichever side of it is killed with kill -9', {
  timeout: 120_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-replication-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const cycles = 4
  const tally = await killReplication({ program: program.path, source: join(directory, 'source'), copy: join(directory, 'copy'), cycles })
  expect(tally.cycles).toBe(cycles)
  expect(tally.copied).toBeGreaterThan(20)
  expect(tally.durable).toBeGreaterThanOrEqual(tally.copied)
})
