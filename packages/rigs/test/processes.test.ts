import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { KillLoop } from '../src/processes/kill-loop.js'
import { type BundledProgram, bundledProgram } from './bundled-program.js'

let program: BundledProgram
beforeAll(async () => {
  program = await bundledProgram()
})
afterAll(() => program.dispose())

describe('kill', () => {
  test('loop', { timeout: 600_000 }, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'varve-kill-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const t = Date.now()
    const loop = new KillLoop({
      program: program.path,
      directory: join(directory, 'store'),
      cycles: Number(process.env.CYCLES ?? 25),
      seed: Number(process.env.SEED ?? 1),
      readers: Number(process.env.READERS ?? 0),
    })
    try {
      console.log(await loop.run())
    } catch (e) {
      console.log(loop.tally)
      throw e
    }
    console.log(Date.now() - t)
    expect(1).toBe(1)
  })
})
