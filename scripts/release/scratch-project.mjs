// The packages as their users get them: installed by npm into a project of their own, out of their tarballs, then used from ESM, from CommonJS, from TypeScript and from the shell.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { serveLocally } from './local-registry.mjs'
import { root, run } from './public-packages.mjs'

/** Throws what is wrong. `packages` are the packed ones: `{ folder, manifest, tarball }`. */
export async function tryInScratchProject(packages, target) {
  const project = join(target, 'project')
  mkdirSync(project)
  write(project, 'package.json', '{ "name": "scratch", "private": true }')
  const registry = await serveLocally(packages, join(target, 'dependencies'))
  try {
    const from = ['--registry', registry.url, '--noproxy', '127.0.0.1', '--cache', join(target, 'cache')]
    await npm(project, [
      'install',
      ...from,
      '--no-audit',
      '--no-fund',
      '--ignore-scripts',
      ...packages.map(({ manifest }) => manifest.name),
    ])
  } finally {
    registry.close()
  }
  await Promise.all([tryEsm(project), tryCommonJs(project), tryTypes(project), tryCommand(project, packages)])
}

async function tryEsm(project) {
  write(project, 'esm.mjs', `import { open } from 'varve'\n${PROGRAM.replace('DIRECTORY', 'from-esm')}`)
  expect('an ES module', await run(process.execPath, ['esm.mjs'], { cwd: project }), 'hello 0:44:5\n')
}

async function tryCommonJs(project) {
  write(project, 'common.cjs', `const { open } = require('varve')\n${PROGRAM.replace('DIRECTORY', 'from-require')}`)
  expect('require', await run(process.execPath, ['--no-warnings', 'common.cjs'], { cwd: project }), 'hello 0:44:5\n')
  const entries = `['@varve/core/format', '@varve/backend/faults', '@varve/memory-backend', '@varve/fs-backend'].map(require)`
  write(project, 'entries.cjs', `console.log(${entries}.every((one) => Object.keys(one).length > 0))\n`)
  expect('require', await run(process.execPath, ['--no-warnings', 'entries.cjs'], { cwd: project }), 'true\n')
}

const PROGRAM = `
async function main() {
  const db = await open('./DIRECTORY')
  const { index, position, size } = await db.add(new TextEncoder().encode('hello'), { durable: true })
  console.log(new TextDecoder().decode(await db.read({ index, position, size })), [index, position, size].join(':'))
  await db.stop()
}
main()
`

/** The types under every way in which TypeScript resolves modules, from a file of each kind, in a project without the types of Node. */
async function tryTypes(project) {
  for (const name of ['module.mts', 'script.cts', 'plain.ts']) write(project, name, TYPED_PROGRAM)
  // The types of memfs need those of Node, or not to be looked into.
  for (const name of ['memory.mts', 'memory.ts']) write(project, name, TYPED_PROGRAM_IN_MEMORY)
  const ways = [
    ['--module', 'commonjs', '--moduleResolution', 'node10', 'plain.ts'],
    ['--module', 'es2022', '--moduleResolution', 'bundler', 'plain.ts', 'module.mts'],
    ['--module', 'node16', '--moduleResolution', 'node16', 'module.mts'],
    ['--module', 'node20', 'module.mts', 'script.cts'],
    ['--module', 'nodenext', '--moduleResolution', 'nodenext', 'plain.ts', 'module.mts', 'script.cts'],
    ['--module', 'commonjs', '--moduleResolution', 'node10', '--skipLibCheck', 'memory.ts'],
    ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--skipLibCheck', 'memory.mts'],
  ]
  const common = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom,esnext.disposable', '--ignoreDeprecations', '6.0']
  for (const way of ways) await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...common, ...way], { cwd: project })
}

const TYPED_PROGRAM = `
import { fsBackend, open, stopOnSignals, type Location, type Varve } from 'varve'
import { BackendError, type FileBackend } from '@varve/backend'
import { powerLossBackend } from '@varve/backend/faults'
import { readBlockHeader } from '@varve/core/format'
export async function main(): Promise<Location> {
  const backend: FileBackend = fsBackend('./blocks')
  const db: Varve = await open(backend)
  stopOnSignals(db, { signals: ['SIGTERM'] })
  const location = await db.add(new Uint8Array(1), { durable: true })
  // @ts-expect-error A location is no string, where the types are found.
  await db.read('0:44:1')
  return location
}
export const others = [BackendError, powerLossBackend, readBlockHeader]
`

const TYPED_PROGRAM_IN_MEMORY = `
import { Varve } from '@varve/core'
import { memoryBackend } from '@varve/memory-backend'
export const stats = async () => (await Varve.open(memoryBackend())).stats()
// @ts-expect-error There is no such option, where the types are found.
memoryBackend({ no: 'such option' })
`

async function tryCommand(project, packages) {
  const { version } = packages.find(({ manifest }) => manifest.name === '@varve/cli').manifest
  const npx = (args, input) => npm(project, ['exec', '--offline', '--no', '--', '@varve/cli', ...args], input)
  expect('npx @varve/cli --version', await npx(['--version']), `${version}\n`)
  expect('npx @varve/cli add', await npx(['add', 'blocks'], 'packed'), '0:44:6\n')
  expect('npx @varve/cli scan', await npx(['scan', 'blocks', '--lines']), 'packed\n')
  expect('npx @varve/cli completion', (await npx(['completion', 'bash'])).split('\n')[0], '# bash completion for varve')
}

function npm(project, args, input) {
  return run('npm', args, { cwd: project, input, env: { ...process.env, npm_config_update_notifier: 'false' } })
}

function write(project, name, text) {
  writeFileSync(join(project, name), text)
}

function expect(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what} printed ${JSON.stringify(actual)} where ${JSON.stringify(expected)} was due`)
}
