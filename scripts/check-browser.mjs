// Runs the engine's tests in headless Chromium, on the built packages, with a backend in memory. Says so where there is no Chromium.
//
//   node scripts/check-browser.mjs
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findChromium } from './find-chromium.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const chromium = findChromium()
if (chromium === undefined) {
  console.log('Chromium: not installed here, nothing was run; as root on Debian: node scripts/install-chromium.mjs')
  process.exit(0)
}
const start = Date.now()
const version = spawnSync(chromium, ['--version'], { encoding: 'utf8' }).stdout.trim()
const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'packages/opfs-backend/vitest.browser.config.ts', '--reporter=dot']
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, TEST_DIST: '1' } })
console.log(`${version}: ${status === 0 ? 'ok' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(1)} s`)
process.exitCode = status === 0 ? 0 : 1
