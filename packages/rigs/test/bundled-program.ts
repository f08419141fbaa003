import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'tsup'
import { alias } from '../../../vitest.shared.js'

export interface BundledProgram {
  readonly path: string
  dispose(): void
}

/** Bundles what the rigs run in processes of its own, with the very sources that the tests run on, so that no test depends on a build. */
export async function bundledProgram(): Promise<BundledProgram> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-rigs-'))
  const native = createRequire(new URL('../../fs-backend/package.json', import.meta.url)).resolve('fs-native-extensions')
  await build({
    config: false,
    silent: true,
    entry: { program: fileURLToPath(new URL('../src/processes/program.ts', import.meta.url)) },
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
  return { path: join(directory, 'program.mjs'), dispose: () => rmSync(directory, { recursive: true }) }
}

function sourceOf(path: string): string {
  for (const { find, replacement } of alias) {
    if (typeof find === 'string' ? find === path : find.test(path)) return path.replace(find, replacement)
  }
  throw new Error(`nothing stands for ${path}`)
}
