import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
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

// Not bundled: the one is native code, the other is only there where it is wanted.
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
    esbuildPlugins: [
      {
        name: 'the workspace',
        setup({ onResolve }) {
          onResolve({ filter: /^(@varve\/|#platform$)/ }, ({ path }) => ({ path: sourceOf(path) }))
          for (const [name, owner] of outside) {
            const found = name === without ? 'no-such-package' : placeOf(name, owner)
            onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: found, external: true }))
          }
        },
      },
    ],
  })
  return { path: join(directory, 'program.mjs'), dispose: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Where the package is that one of the workspace depends on. */
function placeOf(name: string, owner: string): string {
  return pathToFileURL(createRequire(new URL(`packages/${owner}/package.json`, import.meta.url)).resolve(name)).href
}

function sourceOf(path: string): string {
  for (const { find, replacement } of alias) {
    if (typeof find === 'string' ? find === path : find.test(path)) return path.replace(find, replacement)
  }
  throw new Error(`there is no source of ${path}`)
}
