import { expect, test } from 'vitest'
import { explore } from '../src/crash/explore.js'
import { Tally } from '../src/crash/tally.js'
import { sequences } from '../src/programs/sequences.js'

test('tiny', { timeout: 600_000 }, async () => {
  const tally = new Tally()
  const t = process.cpuUsage()
  let n = 0
  for (const { program, known } of sequences(Number(process.env.LEN ?? 1))) {
    n++
    await explore(program, { tally, states: { sectorSize: 32 }, known })
  }
  const { user, system } = process.cpuUsage(t)
  console.log(n, 'programs', tally.states, tally.checks, (user + system) / 1000 / tally.checks, 'ms per check')
  expect(tally.states).toBeGreaterThan(0)
})
