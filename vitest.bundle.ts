import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { alias } from './vitest.shared.js'

/** A program of a test, ready to run in a process or a thread of its own. */
export interface Bundle {
  readonly path: string
  /** Removes it. */
  dispose(): void
}

export interface BundleOptions {
  /** A package that it does not find. */
  readonly without?: string
}

// Not bundled, but found beside the program, as a package manager puts them there: the one is native code, the other is only there where it is wanted.
const outside = new Map([
  ['fs-native-extensions', 'fs-backend'],
  ['memfs', 'memory-backend'],
])

/** Bundles a program with the very sources that the tests run on, so that no test depends on a build. */
export async function bundle(program: URL, { without }: BundleOptions = {}): Promise<Bundle> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-program-'))
  await build({
    config: false,
    silent: true,
    entry: { program: fileURLToPath(program) },
    outDir: directory,
    outExtension: () => ({ js: '.mjs' }),
    format: 'esm',
    target: 'es2022',
    noExternal: [/^@varve\//],
    external: [...outside.keys()],
    esbuildPlugins: [
      {
        name: 'the workspace',
        setup({ onResolve }) {
          onResolve({ filter: /^(@varve\/|#platform$)/ }, ({ path }) => ({ path: sourceOf(path) }))
        },
      },
    ],
  })
  mkdirSync(join(directory, 'node_modules'))
  for (const [name, owner] of outside)
    if (name !== without) symlinkSync(placeOf(name, owner), join(directory, 'node_modules', name), 'junction')
  // Deno looks into node_modules only beside a package that says what it depends on.
  const dependencies = Object.fromEntries(Array.from(outside.keys(), (name) => [name, '*']))
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
  return { path: join(directory, 'program.mjs'), dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Where a package of the workspace has one that it depends on. */
function placeOf(name: string, owner: string): string {
  return fileURLToPath(new URL(`packages/${owner}/node_modules/${name}`, import.meta.url))
}

function sourceOf(path: string): string {
  for (const { find, replacement } of alias) {
    if (typeof find === 'string' ? find === path : find.test(path)) return path.replace(find, replacement)
  }
  throw new Error(`there is no source of ${path}`)
}
