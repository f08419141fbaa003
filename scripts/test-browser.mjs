// `npm run test:browser`: installs Chromium where there is none, runs all that is tested in it, and kills more tabs than `npm test` does.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(script, args = [], env = {}) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  if (status !== 0) process.exit(status ?? 1)
}

run('scripts/install-chromium.mjs')
run('node_modules/vitest/vitest.mjs', ['run', 'packages/opfs-backend'], { BROWSER_KILLS: '12' })
run('scripts/check-browser.mjs')
