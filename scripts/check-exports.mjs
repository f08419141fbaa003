// Checks each published package as its users get it: packed, then read by publint (what package.json promises)
// and by attw (whether TypeScript finds the types under every module resolution an ESM-only package can serve). Then runs the packed command.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkPackedCommand } from './packed-command.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = readdirSync(join(root, 'packages'))
  .map((name) => ({ name, folder: join(root, 'packages', name) }))
  .map((found) => ({ ...found, manifest: JSON.parse(readFileSync(join(found.folder, 'package.json'), 'utf8')) }))
  .filter(({ manifest }) => !manifest.private)

const target = mkdtempSync(join(tmpdir(), 'varve-exports-'))
process.on('exit', () => rmSync(target, { recursive: true, force: true }))

function run(script, args, cwd = root) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], { cwd, env: { ...process.env, FORCE_COLOR: '0' } })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

async function check({ name, folder, manifest }) {
  const tarball = join(target, `${name}.tgz`)
  const packed = await run('tools/node_modules/pnpm/bin/pnpm.cjs', ['pack', '--out', tarball], folder)
  if (!packed.ok) return [packed]
  const publint = run('node_modules/publint/src/cli.js', ['run', tarball, '--strict'])
  // A package that is only a command has no entry whose types could be wrong.
  if (manifest.exports['.'] === undefined) return [await publint]
  return [await publint, await run('node_modules/@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'esm-only', '--no-emoji'])]
}

let failed = false
await Promise.all(
  packages.map(async (one) => {
    const results = await check(one)
    const ok = results.every((result) => result.ok)
    failed ||= !ok
    console.log(`${one.manifest.name}: ${ok ? 'ok' : `FAILED\n${results.map((result) => result.output).join('\n')}`}`)
  }),
)
const fault = failed
  ? undefined
  : checkPackedCommand(
      packages.map((one) => ({ ...one, tarball: join(target, `${one.name}.tgz`) })),
      target,
    )
if (fault !== undefined) console.log(`npx @varve/cli: FAILED\n${fault}`)
else if (!failed) console.log('npx @varve/cli: ok')
process.exit(failed || fault !== undefined ? 1 : 0)
