import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'tsup'
import { alias } from '../../../../vitest.shared.js'

/** How a program ended, and what it wrote. */
interface Ending {
  readonly code: number | string | null
  readonly said: readonly string[]
  readonly stderr: string
}

/** A program that runs in processes of its own, each until it ends by itself. */
export interface Program {
  run(...args: readonly string[]): Promise<Ending>
  dispose(): void
}

// Far more than any of them takes: one that is held up is ended, and its test fails by that.
const TOO_LONG = 60_000

/** Bundles `program.ts` with the very sources that the tests run on, so that no test depends on a build. */
export async function program(): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-program-'))
  const native = createRequire(new URL('../../../fs-backend/package.json', import.meta.url)).resolve('fs-native-extensions')
  await build({
    config: false,
    silent: true,
    entry: { program: fileURLToPath(new URL('program.ts', import.meta.url)) },
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
          onResolve({ filter: /^memfs$/ }, () => ({ path: memfs(), external: true }))
        },
      },
    ],
  })
  return {
    run: (...args) => run(join(directory, 'program.mjs'), args),
    dispose: () => rmSync(directory, { recursive: true }),
  }
}

function memfs(): string {
  return pathToFileURL(createRequire(new URL('../../../memory-backend/package.json', import.meta.url)).resolve('memfs')).href
}

function sourceOf(path: string): string {
  for (const { find, replacement } of alias) {
    if (typeof find === 'string' ? find === path : find.test(path)) return path.replace(find, replacement)
  }
  throw new Error(`there is no source of ${path}`)
}

function run(path: string, args: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { timeout: TOO_LONG }, (error, stdout, stderr) => {
      const said = stdout.split('\n').filter((line) => line !== '')
      resolve({ code: error ? (error.code ?? error.signal ?? null) : 0, said, stderr })
    })
  })
}
