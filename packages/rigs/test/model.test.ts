import { expect, test } from 'vitest'
import { runModel } from '../src/model/run-model.js'
import { printCount } from './print-count.js'

// Each a program at random; `pnpm model` tries many more.
const RUNS = 300

test('a store keeps its promise, whatever is done to it and whatever happens to it', { timeout: 600_000 }, async () => {
  const tally = await runModel({ runs: RUNS, seed: 1 })
  printCount('model runs', tally.counts.runs)
  printCount('model commands', tally.counts.commands)
  printCount('model faults', tally.counts.faults)
  printCount('model crashes', tally.counts.crashes)
  expect(tally.counts.faults).toBeGreaterThan(100)
  expect(tally.counts.crashes).toBeGreaterThan(100)
})
