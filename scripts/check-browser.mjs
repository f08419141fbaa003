// Runs the engine's tests in headless Chromium, on the built packages: all that need no Node with their files in memory, and those of what a backend takes
// part in on the origin-private file system too. Says so where there is no Chromium.
//
//   node scripts/check-browser.mjs [memory | opfs]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findChromium } from './find-chromium.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const chromium = findChromium()
if (chromium === undefined) {
  console.log('Chromium: not installed here, nothing was run; as root on Debian: node scripts/install-chromium.mjs')
  process.exit(0)
}
const version = spawnSync(chromium, ['--version'], { encoding: 'utf8' }).stdout.trim()
const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'packages/opfs-backend/vitest.browser.config.ts', '--reporter=dot']
const asked = process.argv.slice(2)
for (const place of ['memory', 'opfs'].filter((name) => asked.length === 0 || asked.includes(name))) {
  const start = Date.now()
  const { status } = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TEST_DIST: '1', ENGINE_ON: place },
  })
  console.log(`${version}, files in ${place}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(1)} s`)
  if (status !== 0) process.exitCode = 1
}
