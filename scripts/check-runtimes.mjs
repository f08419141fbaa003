// The built packages under every runtime that RUNTIMES.md speaks of: a store's life on a real disk (runtimes/scenario.mjs), and then what each can run of the tests. A table at the end says what came of it.
//
//   node scripts/check-runtimes.mjs [--scenario] [--minutes N] [node20 node22 node24 node26 bun deno chromium]
//
// --scenario leaves the tests out. The scenario and the tests of each runtime have 30 minutes at most, or those of --minutes. Bun and Deno are fetched from npm into scripts/runtimes, Nodes by npx; what can't be had on this machine is said by its name.
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findChromium } from './find-chromium.mjs'
import { runTests } from './runtimes/run-tests.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'scripts/runtimes')
const scenario = join(folder, 'scenario.mjs')
const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const windows = process.platform === 'win32'
const isOfNode = (major) => process.versions.node.split('.')[0] === major

/** Tests, by a part of their name, that are not asked of a runtime, and why. The scenario has the lock, signals and the end of a program in each. */
const KERNEL_LOCK = [
  [
    "a 'kernel lock'",
    'a kernel lock ',
    'which calls of the binary would end',
    'when fstatSync fails',
    'in the place of the lock file',
    'with the lock file in it',
    'makes the same store elsewhere, and again',
  ],
  "the kernel's lock, which only Node can take",
]
const REPEATED_REQUESTS = [
  ['whose append failed, and comes through late'],
  'a request that fails with its connection, which their fetch sends again',
]
const PACKAGES = ['core', 'backend', 'fs-backend', 'memory-backend', 's3-backend', 'varve'].map((name) => `packages/${name}/`)

const runtimes = {
  node20: node('20'),
  node22: node('22'),
  node24: node('24'),
  node26: node('26'),
  bun: {
    find: () => binary('bun', `@oven/bun-${windows ? 'windows' : process.platform}-${archOf('aarch64')}`, 'bin/bun'),
    scenario: [],
    vitest: ['--bun', vitest],
    packages: [...PACKAGES, 'packages/cli/', 'examples/'],
    leftOut: [
      KERNEL_LOCK,
      REPEATED_REQUESTS,
      [
        ['shows a bar with rate', 'shows its locations above', 'is in colour, but not', 'a removal asks', 'a removal is not'],
        "a terminal for tests, whose binary is Node's",
      ],
      [['resolves a relative path once'], "a mock of process.cwd, which Bun's path.resolve does not ask"],
    ],
  },
  deno: {
    find: () => binary('deno', `@deno/${process.platform}-${archOf('arm64')}${process.platform === 'linux' ? '-glibc' : ''}`, 'deno'),
    scenario: ['run', '-A', '--quiet'],
    vitest: ['run', '-A', vitest],
    packages: PACKAGES,
    leftOut: [
      KERNEL_LOCK,
      REPEATED_REQUESTS,
      [
        ['stopOnSignals', 'a holder that is halted'],
        'what a program says after a signal, which does not reach a test that runs under Deno',
      ],
      [['keep their bytes when a neighbour is sent to a worker'], 'the name of the error for a buffer that can not be sent'],
      [['a turn of the portable platform comes when everything'], 'whether a turn comes before the microtasks that are due'],
    ],
  },
  chromium: {
    // The tests run in a page, and the runner that drives it under Node.
    find: () => (findChromium() ? [process.execPath] : undefined),
    missing: 'Chromium is not installed here; as root on Debian: node scripts/install-chromium.mjs',
    versionOf: [findChromium(), ['--version']],
    vitest: [vitest],
    packages: ['--config', 'packages/opfs-backend/vitest.browser.config.ts'],
    leftOut: [[[], "all but the engine, and of its tests those of Node's own ways and those that go through every crash"]],
  },
}

function node(major) {
  const start = isOfNode(major) ? [process.execPath] : [windows ? 'npx.cmd' : 'npx', '--yes', `--package=node@${major}`, '--', 'node']
  return { find: () => start, version: `v${major}.`, scenario: [], vitest: [vitest], packages: [], leftOut: [] }
}

function archOf(arm) {
  return process.arch === 'arm64' ? arm : 'x64'
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
  return spawnSync(program, [...first, ...args], { cwd: root, shell: program.endsWith('.cmd'), encoding: 'utf8', ...options })
}

/** As short as it can be said: `v20.20.2`, `2.9.6`. */
function versionOf(program, args) {
  const said = run([program], args).stdout?.trim().split('\n')[0] ?? ''
  return /v?\d+(\.\d+)+/.exec(said)?.[0] ?? said
}

function runScenario(name, start, { scenario: args, version = '' }) {
  const found = versionOf(start[0], [...start.slice(1), ...(name.startsWith('node') ? ['-p', 'process.version'] : ['--version'])])
  if (!found.startsWith(version)) return { found, problems: [`is ${found || 'not there'}`] }
  const { stdout, stderr, status, error } = run(start, [...args, scenario], {
    env: { ...process.env, VARVE_RUNTIME_ARGS: JSON.stringify(args) },
    timeout: minutes * 60 * 1000,
  })
  const steps = stdout
    .split('\n')
    .filter((line) => line.startsWith('{"step"'))
    .map((line) => JSON.parse(line))
  for (const { step, ok, detail } of steps) console.log(`  ${ok ? 'ok    ' : 'FAILED'} ${step}${detail ? `: ${detail}` : ''}`)
  const problems = steps.filter(({ ok }) => !ok).map(({ step }) => step)
  if (status !== 0 || steps.length === 0) problems.push(`the scenario ended with ${error?.message ?? status}: ${stderr}`)
  return { found, problems, steps: `${steps.filter(({ ok }) => ok).length} of ${steps.length}` }
}

function without(leftOut) {
  const names = leftOut.flatMap(([names]) => names)
  return names.length === 0 ? [] : ['--testNamePattern', `^(?!.*(${names.join('|')}))`]
}

async function tryRuntime(name) {
  const runtime = runtimes[name]
  const start = runtime.find()
  if (!start) return { skipped: runtime.missing ?? 'npm has no program for this machine, or it could not be fetched' }
  if (values.scenario && !runtime.scenario) return { skipped: 'there are only tests for it, as it has no files of its own' }
  const { found, problems, steps } = runtime.scenario
    ? runScenario(name, start, runtime)
    : { found: versionOf(...runtime.versionOf), problems: [] }
  if (values.scenario || problems.length > 0) return { found, problems, steps }
  // A machine that is busy is no failure, and neither is a runtime that is slow.
  const tests = await runTests(
    [...start, ...runtime.vitest, 'run', ...runtime.packages, ...without(runtime.leftOut), '--testTimeout=300000'],
    minutes,
  )
  return { found, problems: tests.problems, steps, tests }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scenario: { type: 'boolean' }, minutes: { type: 'string' } },
})
const minutes = Number(values.minutes ?? 30)
if (!(minutes > 0)) throw new Error(`--minutes is a number above 0, not ${values.minutes}`)
const unknown = positionals.filter((name) => !(name in runtimes))
if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: the runtimes are ${Object.keys(runtimes).join(', ')}`)

const results = []
for (const name of positionals.length > 0 ? positionals : Object.keys(runtimes)) {
  console.log(`${name}:`)
  results.push({ name, ...(await tryRuntime(name)) })
}

console.log('')
for (const { name, found = '', problems = [], skipped, steps, tests } of results) {
  const outcome = skipped ? `skipped: ${skipped}` : problems.length === 0 ? 'ok' : 'FAILED'
  const ran = tests ? `tests ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped in ${tests.seconds.toFixed(0)} s` : ''
  console.log([name.padEnd(8), outcome.padEnd(6), found.padEnd(10), steps ? `scenario ${steps}` : '', ran].join('  ').trimEnd())
  for (const problem of problems) console.log(`          ${problem}`)
  if (tests) for (const [, why] of runtimes[name].leftOut) console.log(`          skipped, among others: ${why}`)
}
process.exit(results.some(({ problems = [] }) => problems.length > 0) ? 1 : 0)
