import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const COPIED = ['src', 'test', 'package.json', 'README.md', 'FAULTS.md', 'tsconfig.json', 'tsup.config.ts']

/** A copy of the repository's sources and tests that can be patched and thrown away. What is installed or built is linked, not copied. */
export function makeScratch(root: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'varve-mutants-'))
  for (const { name } of readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isFile()))
    cpSync(join(root, name), join(path, name))
  const remove = (): void => rmSync(path, { recursive: true, force: true })
  process.once('exit', remove)
  linkInstalled(root, path)
  for (const name of readdirSync(join(root, 'packages'))) {
    const from = join(root, 'packages', name)
    const to = join(path, 'packages', name)
    mkdirSync(to, { recursive: true })
    for (const entry of readdirSync(from)) if (COPIED.includes(entry)) cpSync(join(from, entry), join(to, entry), { recursive: true })
    linkInstalled(from, to)
  }
  return {
    path,
    remove() {
      process.off('exit', remove)
      remove()
    },
  }
}

// Each entry by itself: the folder has to be the copy's own, since the test runner and the type stripper keep their caches in it.
function linkInstalled(from: string, to: string): void {
  mkdirSync(join(to, 'node_modules'), { recursive: true })
  for (const name of readdirSync(join(from, 'node_modules'))) {
    if (name.startsWith('.vite')) continue
    if (!name.startsWith('@varve')) symlinkSync(join(from, 'node_modules', name), join(to, 'node_modules', name))
    else linkPackages(join(from, 'node_modules', name), join(to, 'node_modules', name))
  }
}

// The workspace's own packages are those of the copy: what is not reached through the test runner's aliases is patched too.
function linkPackages(from: string, to: string): void {
  mkdirSync(to)
  for (const name of readdirSync(from)) symlinkSync(join('../../..', name), join(to, name))
}
