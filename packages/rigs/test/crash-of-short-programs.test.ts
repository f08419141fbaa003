import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import type { SequencesFinding } from '../src/crash/search-sequences.js'
import { SURROUNDINGS } from '../src/programs/sequences.js'
import { searchSeeds } from '../src/threads/search-seeds.js'
import { bundled } from './bundled.js'
import { printCount } from './print-count.js'

const { url } = await bundled('crash/sequences-worker')

test('power loss at any step of any sequence of up to three operations: what was acknowledged is there, the rest whole or not at all', {
  timeout: 900_000,
}, async () => {
  const violations: string[] = []
  const total = { programs: 0, states: 0, checks: 0 }
  await searchSeeds<SequencesFinding>(SURROUNDINGS.keys(), {
    worker: url,
    threads: availableParallelism(),
    onFinding({ violation, programs, states, checks }) {
      if (violation) violations.push(violation)
      total.programs += programs
      total.states += states
      total.checks += checks
    },
  })
  printCount('programs that lost power at every step', total.programs)
  printCount('crash states', total.states)
  printCount('checks of crash states', total.checks)
  expect(violations).toEqual([])
  expect(total.states).toBeGreaterThan(90_000)
})
