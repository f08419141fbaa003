// `npm start [-- DIR]`: installs, builds, and takes every file under DIR through a store and back.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(args, cwd = root) {
  const { error, status, signal } = spawnSync(process.execPath, args, { cwd, stdio: 'inherit' })
  if (error) throw error
  if (signal) process.kill(process.pid, signal)
  if (status !== 0) process.exit(status ?? 1)
}

const args = process.argv.slice(2)
const { positionals } = parseArgs({ args, strict: false, allowPositionals: true, options: { store: { type: 'string' } } })

run(['scripts/pnpm.mjs', 'install', '--frozen-lockfile', '--and', 'exec', 'turbo', 'run', 'build:js', '--filter=@varve/cli'])
// npm runs scripts at the root of the workspace; a DIR is meant from where the person is.
const directory = positionals.length === 0 ? [root] : []
run([`${root}packages/cli/dist/bin.js`, 'roundtrip', ...args, ...directory], process.env.INIT_CWD ?? root)
