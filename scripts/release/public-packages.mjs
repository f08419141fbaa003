import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The packages of a workspace that are published: `{ name, folder, manifest }`, where `name` is that of the folder. */
export function publicPackages(workspace = root) {
  return readdirSync(join(workspace, 'packages'))
    .map((name) => ({ name, folder: join(workspace, 'packages', name) }))
    .map((found) => ({ ...found, manifest: JSON.parse(readFileSync(join(found.folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => !manifest.private)
}

/** Makes the tarball that would be published, as `NAME.tgz` in `target`. */
export async function pack({ name, folder }, target) {
  const tarball = join(target, `${name}.tgz`)
  await run(process.execPath, [join(root, 'tools/node_modules/pnpm/bin/pnpm.cjs'), 'pack', '--out', tarball], { cwd: folder })
  return tarball
}

/** What a tarball holds that it should not, or lacks: a package is what was built, and what npm shows of it. */
export async function strangersIn(tarball, { withChangeLog = false } = {}) {
  const names = (await run('tar', ['-tzf', tarball])).split('\n').filter((name) => name !== '' && !name.endsWith('/'))
  const isExpected = (name) => EXPECTED.some((pattern) => pattern.test(name))
  const strangers = names.filter((name) => !isExpected(name)).map((name) => `holds ${name}`)
  const required = withChangeLog ? [...REQUIRED, 'package/CHANGELOG.md'] : REQUIRED
  const missing = required.filter((name) => !names.includes(name)).map((name) => `lacks ${name}`)
  return [...strangers, ...missing]
}

const REQUIRED = ['package/package.json', 'package/README.md', 'package/LICENSE']
const EXPECTED = [/^package\/(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/, /^package\/dist\/.*\.(js|js\.map|d\.ts)$/]

/** Runs a program to its end, and gives what it printed. An error has all that it said. */
export function run(program, args, { input = '', ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, shell: process.platform === 'win32', ...options, stdio: 'pipe' })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (errors += chunk))
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve(output)
      else reject(new Error(`${program} ${args.join(' ')} ended with ${status}:\n${output}${errors}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })
}
