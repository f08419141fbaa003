// Checks each published package as its users get it: packed, then read by publint (what package.json promises) and by attw (whether TypeScript finds the types
// under every module resolution), with nothing in it that does not belong there. Then installs all of them into a project of its own, and uses them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, publicPackages, root, run, strangersIn } from './release/public-packages.mjs'
import { tryInScratchProject } from './release/scratch-project.mjs'

const target = mkdtempSync(join(tmpdir(), 'varve-exports-'))
process.on('exit', () => rmSync(target, { recursive: true, force: true }))

const packages = await Promise.all(publicPackages().map(async (one) => ({ ...one, tarball: await pack(one, target) })))
const tool = (script, args) => run(process.execPath, [join(root, script), ...args], { env: { ...process.env, FORCE_COLOR: '0' } })

async function check({ manifest, tarball }) {
  const strangers = await strangersIn(tarball)
  if (strangers.length > 0) throw new Error(`the tarball ${strangers.join(', ')}`)
  await tool('node_modules/publint/src/cli.js', ['run', tarball, '--strict'])
  // A package that is only a command has no entry whose types could be wrong.
  if (manifest.exports['.'] === undefined) return
  // All of it is ESM: from CommonJS it comes by require, which Node can since 20.19.
  await tool('node_modules/@arethetypeswrong/cli/dist/index.js', [tarball, '--ignore-rules', 'cjs-resolves-to-esm', '--no-emoji'])
}

async function checkAll() {
  for (const one of packages) await report(one.manifest.name, check(one))
  await report('installed into a project', tryInScratchProject(packages, target))
}

async function report(what, checking) {
  try {
    await checking
    console.log(`${what}: ok`)
  } catch (error) {
    console.log(`${what}: FAILED\n${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}

await checkAll()
