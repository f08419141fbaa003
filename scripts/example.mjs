// `npm run example -- NAME`: installs, builds, and runs one of the examples; the tests of those that are no program. Without a name it says which there are.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'examples')
const programs = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts
const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'README.md')))
const [name, ...args] = process.argv.slice(2)

if (names.includes(name)) run(name)
else {
  if (name) console.error(`There is no example ${name}.`)
  console.log(`npm run example -- NAME runs one of these:\n\n${names.map((one) => `  ${one.padEnd(16)}${titleOf(one)}`).join('\n')}\n`)
  process.exitCode = name ? 1 : 0
}

function run(name) {
  const start = programs[name]
    ? ['--dir', 'examples', '--silent', 'run', name, ...args]
    : ['exec', 'vitest', 'run', `examples/${name}/`, ...args]
  const build = ['exec', 'turbo', 'run', 'build:js', '--filter=varve-examples^...']
  const { error, status, signal } = spawnSync(
    process.execPath,
    ['scripts/pnpm.mjs', 'install', '--frozen-lockfile', '--and', ...build, '--and', ...start],
    { cwd: root, stdio: 'inherit' },
  )
  if (error) throw error
  if (signal) process.kill(process.pid, signal)
  process.exitCode = status ?? 1
}

function titleOf(name) {
  return /^# (.*)$/m.exec(readFileSync(join(folder, name, 'README.md'), 'utf8'))[1]
}
