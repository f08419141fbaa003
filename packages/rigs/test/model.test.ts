import { expect, test } from 'vitest'
import { runModel } from '../src/model/run-model.js'
import { printCount } from './print-count.js'

const { VARVE_MODEL_RUNS, VARVE_MODEL_SEED, VARVE_MODEL_PATH, VARVE_MODEL_REPLAY } = process.env

test('a store keeps its promise, whatever is done to it and whatever happens to it', { timeout: 600_000 }, async () => {
  const seed = Number(VARVE_MODEL_SEED ?? 1)
  const tally = await runModel({ runs: Number(VARVE_MODEL_RUNS ?? 300), seed, path: VARVE_MODEL_PATH, replay: VARVE_MODEL_REPLAY })
  printCount('model faults', tally.faults)
  printCount('model crashes', tally.crashes)
  expect(tally.faults).toBeGreaterThan(100)
  expect(tally.crashes).toBeGreaterThan(100)
})
