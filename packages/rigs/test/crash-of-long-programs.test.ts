import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import type { Finding } from '../src/crash/search.js'
import { searchSeeds } from '../src/threads/search-seeds.js'
import { bundled } from './bundled.js'
import { printCount } from './print-count.js'

// Each has a store id of its own, so that no two programs share a state.
const PROGRAMS = Array.from({ length: 185 }, (_, n) => n + 1)

const { url } = await bundled('crash/worker')

test('power loss at any step of long programs, with kills, failed syncs and earlier crashes in them: what was acknowledged is there, the rest whole or not at all', {
  timeout: 900_000,
}, async () => {
  const violations: string[] = []
  const total = { states: 0, checks: 0 }
  await searchSeeds<Finding>(PROGRAMS, {
    worker: url,
    threads: availableParallelism(),
    onFinding({ seed, violation, states, checks }) {
      if (violation) violations.push(`${violation.shortenedStory}\nfound by pnpm crash --replay ${seed}`)
      total.states += states
      total.checks += checks
    },
  })
  printCount('programs that lost power at every step', PROGRAMS.length)
  printCount('crash states', total.states)
  printCount('checks of crash states', total.checks)
  expect(violations).toEqual([])
  expect(total.states).toBeGreaterThan(110_000)
})
