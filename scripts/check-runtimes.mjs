// The built packages under every runtime that RUNTIMES.md speaks of: a store's life on a real disk (runtimes/scenario.mjs), and then what each can run of the tests.
//
//   node scripts/check-runtimes.mjs [--scenario] [node20 node22 node24 node26 bun deno chromium]
//
// --scenario leaves the tests out. Bun and Deno are fetched from npm into scripts/runtimes, Nodes by npx; what can't be had on this machine is said by its name.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'scripts/runtimes')
const scenario = join(folder, 'scenario.mjs')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const windows = process.platform === 'win32'
const isOfNode = (major) => process.versions.node.split('.')[0] === major

/** Tests of the kernel's lock and of how Node ends a process at a signal, which these runtimes do in their own way; the scenario has both. */
const OF_NODE_ALONE = [
  'packages/fs-backend/test/lock.test.ts',
  'packages/fs-backend/test/processes/**',
  'packages/fs-backend/test/{system-faults,fs-backend}.test.ts',
]
const PACKAGES = ['core', 'backend', 'fs-backend', 'memory-backend', 'varve'].map((name) => `packages/${name}/`)

const runtimes = {
  node20: node('20'),
  node22: node('22'),
  node24: node('24'),
  node26: node('26'),
  bun: {
    find: () => binary('bun', `@oven/bun-${windows ? 'windows' : process.platform}-${archOf('aarch64')}`, 'bin/bun'),
    scenario: [],
    tests: ['--bun', vitest, 'run', ...PACKAGES, ...excluding(OF_NODE_ALONE)],
  },
  deno: {
    find: () => binary('deno', `@deno/${process.platform}-${archOf('arm64')}${process.platform === 'linux' ? '-glibc' : ''}`, 'deno'),
    scenario: ['run', '-A', '--quiet'],
    // What a message port refuses has another name there, and a turn may come before the microtasks.
    tests: [
      'run',
      '-A',
      vitest,
      'run',
      ...PACKAGES,
      ...excluding([...OF_NODE_ALONE, 'packages/core/test/platform/{allocation,next-turn}.test.ts']),
    ],
  },
  chromium: { script: join(folder, 'chromium.mjs') },
}

function node(major) {
  const start = isOfNode(major) ? [process.execPath] : [windows ? 'npx.cmd' : 'npx', '--yes', `--package=node@${major}`, '--', 'node']
  return {
    find: () => start,
    version: `v${major}.`,
    scenario: [],
    tests: [join(root, 'scripts/test-node-matrix.mjs'), major],
    testsUnderNode: true,
  }
}

function archOf(arm) {
  return process.arch === 'arm64' ? arm : 'x64'
}

function excluding(patterns) {
  // A machine that is busy is no failure, and neither is a runtime that is slow.
  return [...patterns.flatMap((pattern) => ['--exclude', pattern]), '--testTimeout=300000', '--reporter=dot']
}

/** The program itself, which the package for this platform has: no install script has to put it anywhere. */
function binary(name, platformPackage, path) {
  try {
    const require = createRequire(join(realpathSync(join(folder, 'node_modules', name)), 'package.json'))
    const program = join(require.resolve(`${platformPackage}/package.json`), '..', windows ? `${path}.exe` : path)
    return existsSync(program) ? [program] : undefined
  } catch {
    return undefined
  }
}

function run([program, ...first], args, options) {
  return spawnSync(program, [...first, ...args], { cwd: root, shell: windows, encoding: 'utf8', ...options })
}

function runScenario(name, start, { scenario: args, version = '' }) {
  const found =
    run(start, name.startsWith('node') ? ['-p', 'process.version'] : ['--version'])
      .stdout?.trim()
      .split('\n')[0] ?? ''
  if (!found.startsWith(version)) return { failed: [`is ${found || 'not there'}`] }
  const { stdout, stderr, status } = run(start, [...args, scenario], { env: { ...process.env, VARVE_RUNTIME_ARGS: JSON.stringify(args) } })
  const steps = stdout
    .split('\n')
    .filter((line) => line.startsWith('{"step"'))
    .map((line) => JSON.parse(line))
  for (const { step, ok, detail } of steps) console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${step}${detail ? `: ${detail}` : ''}`)
  const failed = steps.filter(({ ok }) => !ok).map(({ step }) => step)
  if (status !== 0 || steps.length === 0) failed.push(`ended with ${status}: ${stderr}`)
  return { found, failed }
}

const wanted = process.argv.slice(2).filter((argument) => argument !== '--scenario')
const withTests = !process.argv.includes('--scenario')
const unknown = wanted.filter((name) => !(name in runtimes))
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: the runtimes are ${Object.keys(runtimes).join(', ')}`)

const summary = []
for (const name of wanted.length > 0 ? wanted : Object.keys(runtimes)) {
  const runtime = runtimes[name]
  if (runtime.script && !existsSync(runtime.script)) continue
  console.log(`${name}:`)
  if (runtime.script) {
    const { status } = spawnSync(process.execPath, [runtime.script], { cwd: root, stdio: 'inherit' })
    summary.push({ name, failed: status === 0 ? [] : ['its script'] })
    continue
  }
  const start = runtime.find()
  if (!start) {
    summary.push({ name, skipped: 'npm has no program for this machine, or it could not be fetched' })
    continue
  }
  const { found, failed } = runScenario(name, start, runtime)
  if (withTests && failed.length === 0) {
    const starter = runtime.testsUnderNode ? [process.execPath] : start
    const { status } = run(starter, runtime.tests, { stdio: 'inherit', env: { ...process.env, TEST_DIST: '1' } })
    if (status !== 0) failed.push('its tests')
  }
  summary.push({ name, found, failed })
}
for (const { name, found = '', failed = [], skipped } of summary) {
  console.log(
    skipped
      ? `skipped ${name}: ${skipped}`
      : `${failed.length === 0 ? 'ok     ' : 'FAILED '} ${name} (${found})${failed.map((one) => `: ${one}`).join('')}`,
  )
}
process.exit(summary.some(({ failed = [] }) => failed.length > 0) ? 1 : 0)
