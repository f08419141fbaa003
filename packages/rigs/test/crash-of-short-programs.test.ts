import type { CrashStateOptions } from '@varve/backend/faults'
import { expect, test } from 'vitest'
import { explore } from '../src/crash/explore.js'
import { Tally } from '../src/crash/tally.js'
import { sequences } from '../src/programs/sequences.js'
import { printCount } from './print-count.js'

// The longer the programs, the more of them there are, and the coarser what becomes of a write.
const fine: CrashStateOptions = { sectorSize: 32 }
const medium: CrashStateOptions = { sectorSize: 64, maxSectors: 6, maxCombinations: 64, maxSubsets: 32, samples: 4 }
const coarse: CrashStateOptions = { sectorSize: 256, maxSectors: 2, maxCombinations: 8, maxSubsets: 8, samples: 2 }
const statesByLength = [fine, fine, medium, coarse]

test('power loss at any step of any sequence of up to three operations: what was acknowledged is there, the rest whole or not at all', {
  timeout: 900_000,
}, async () => {
  const tally = new Tally()
  let programs = 0
  for (const { program, known, length } of sequences(3)) {
    await explore(program, { tally, known, states: statesByLength[length] as CrashStateOptions, deeperOneIn: 500 })
    programs++
  }
  printCount('programs that lost power at every step', programs)
  printCount('crash states', tally.states)
  printCount('checks of crash states', tally.checks)
  expect(tally.states).toBeGreaterThan(130_000)
})
