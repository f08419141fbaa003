import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'tsup'
import { afterAll } from 'vitest'
import { alias } from '../../../vitest.shared.js'

/**
 * Bundles a program of `src/` that runs in processes or threads of its own, with the very sources that the tests run on, so that no test depends on a
 * build. It is gone when the file's tests are over.
 */
export async function bundled(program: string): Promise<{ readonly path: string; readonly url: URL }> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-rigs-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  const native = createRequire(new URL('../../fs-backend/package.json', import.meta.url)).resolve('fs-native-extensions')
  await build({
    config: false,
    silent: true,
    entry: { program: fileURLToPath(new URL(`../src/${program}.ts`, import.meta.url)) },
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
          onResolve({ filter: /^fs-native-extensions$/ }, () => ({ path: pathToFileURL(native).href, external: true }))
        },
      },
    ],
  })
  const path = join(directory, 'program.mjs')
  return { path, url: pathToFileURL(path) }
}

function sourceOf(path: string): string {
  for (const { find, replacement } of alias) {
    if (typeof find === 'string' ? find === path : find.test(path)) return path.replace(find, replacement)
  }
  throw new Error(`nothing stands for ${path}`)
}
