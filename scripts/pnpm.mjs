// Runs the pnpm pinned in tools/package-lock.json, so that Node, npm and git are all a contributor needs.
//
//   node scripts/pnpm.mjs <pnpm arguments…> [--and <pnpm arguments…>]…
//
// Every script of the root package.json goes through here: `npm run check` and `pnpm check` do the same thing, each
// installs what the lockfile names first (0.7 s when nothing has changed), and arguments after `--` reach the last command.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pnpm = join(root, 'tools/node_modules/pnpm/bin/pnpm.cjs')

const env = {
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
  DO_NOT_TRACK: '1',
  NO_UPDATE_NOTIFIER: '1',
  npm_config_update_notifier: 'false',
  ...process.env,
}
// turbo looks pnpm up on PATH, whose name has another case on Windows.
const path = Object.keys(env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH'
env[path] = join(root, 'tools/node_modules/.bin') + delimiter + (env[path] ?? '')

function run(command, args, options = {}) {
  const { error, status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env, ...options })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function isInstalled() {
  const version = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'))
  return existsSync(pnpm) && version('tools/node_modules/pnpm/package.json').version === version('tools/package.json').dependencies.pnpm
}

if (!isInstalled()) {
  const args = ['ci', '--prefix', join(root, 'tools'), '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  // The npm that runs this script, where one does: on Windows a bare `npm` is a batch file.
  const npm = process.env.npm_execpath ?? ''
  if (/npm-cli\.[cm]?js$/.test(npm)) run(process.execPath, [npm, ...args])
  else run('npm', args, { shell: process.platform === 'win32' })
}

const commands = [[]]
for (const argument of process.argv.slice(2)) {
  if (argument === '--and') commands.push([])
  else commands.at(-1).push(argument)
}
for (const command of commands) run(process.execPath, [pnpm, ...command])
