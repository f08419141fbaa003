import { expect, test } from 'vitest'
import { explore } from '../src/crash/explore.js'
import { Tally } from '../src/crash/tally.js'
import { sequences } from '../src/programs/sequences.js'
import { printCount } from './print-count.js'

test('a power cut at every step of every program of one operation leaves a store that keeps the promise', {
  timeout: 120_000,
}, async () => {
  const tally = new Tally()
  for (const { program, known } of sequences(1)) await explore(program, { tally, states: { sectorSize: 32 }, known })
  printCount('crash states', tally.states)
  expect(tally.states).toBeGreaterThan(1000)
})
