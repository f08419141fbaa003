// Runs the tests on the built packages under several Node majors, each from the npm package `node`.
//
//   node scripts/test-node-matrix.mjs [20 22 24 26]
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const majors = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24', '26']
const windows = process.platform === 'win32'

function node(major, args, options) {
  if (process.versions.node.split('.')[0] === major) return spawnSync(process.execPath, args, { cwd: root, ...options })
  const npx = ['--yes', `--package=node@${major}`, '--', 'node', ...args]
  return spawnSync(windows ? 'npx.cmd' : 'npx', npx, { cwd: root, shell: windows, ...options })
}

let failed = 0
for (const major of majors) {
  const start = Date.now()
  const version = node(major, ['-p', 'process.version'], { encoding: 'utf8' }).stdout.trim()
  const { status } = node(major, ['node_modules/vitest/vitest.mjs', 'run', '--reporter=dot'], {
    stdio: 'inherit',
    env: { ...process.env, TEST_DIST: '1' },
  })
  // npx falls back to the Node on PATH where it can't run the one it was asked for.
  const ok = status === 0 && version.startsWith(`v${major}.`)
  if (!ok) failed++
  console.log(`node ${major} (${version}): ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - start) / 1000).toFixed(1)} s`)
}
process.exit(failed === 0 ? 0 : 1)
