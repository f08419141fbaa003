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

// Longer runs of them found, with the commands there were then: a write that failed behind a clean end came back by a power loss (17), and a stop let an add wait for ever (69).
test.each([17, 69])('a store keeps its promise in the programs of seed %s', { timeout: 120_000 }, async (seed) => {
  const tally = await runModel({ runs: 50, seed })
  expect(tally.counts.runs).toBe(50)
})
