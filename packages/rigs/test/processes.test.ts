import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { KillLoop } from '../src/processes/kill-loop.js'
import { type BundledProgram, bundledProgram } from './bundled-program.js'
import { printCount } from './print-count.js'

const CYCLES = 8

let program: BundledProgram
beforeAll(async () => {
  program = await bundledProgram()
})
afterAll(() => program.dispose())

test('a writer that is killed again and again loses nothing that it was told is durable', { timeout: 120_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'varve-kill-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const loop = new KillLoop({ program: program.path, directory: join(directory, 'store'), cycles: CYCLES, seed: 1, readers: 0 })
  const tally = await loop.run()
  expect(tally).toBeDefined()
  printCount('kills', CYCLES)
})
