// Runs the rigs' own tests, which `npm test` leaves out: they take minutes.
import { spawnSync } from 'node:child_process'

const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, vitest, { stdio: 'inherit', env: { ...process.env, RIGS: '1' } })
process.exit(status ?? 1)
