import { expect, test } from 'vitest'
import { explore } from '../src/crash/explore.js'
import { Tally } from '../src/crash/tally.js'
import { randomProgram } from '../src/programs/random-program.js'
import { printCount } from './print-count.js'

const PROGRAMS = 420
const states = { sectorSize: 64, maxSectors: 4, maxCombinations: 64, maxSubsets: 32, samples: 4 }

test('power loss at any step of long programs, with kills, failed syncs and earlier crashes in them: what was acknowledged is there, the rest whole or not at all', {
  timeout: 900_000,
}, async () => {
  const total = { states: 0, checks: 0 }
  for (let seed = 1; seed <= PROGRAMS; seed++) {
    // No two programs share a state: each has a store id of its own.
    const tally = new Tally()
    await explore(randomProgram(seed), { tally, states: { ...states, seed }, deeperOneIn: 200 })
    total.states += tally.states
    total.checks += tally.checks
  }
  printCount('programs that lost power at every step', PROGRAMS)
  printCount('crash states', total.states)
  printCount('checks of crash states', total.checks)
  expect(total.states).toBeGreaterThan(70_000)
})
