import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'tsup'
import { onTestFinished } from 'vitest'
import { alias } from '../../../../vitest.shared.js'

/** A program that runs in processes of its own. */
export interface Program {
  start(...args: readonly string[]): Child
  dispose(): void
}

export interface Child {
  readonly pid: number
  /** The next line that it says. */
  line(): Promise<string>
  tell(line: string): void
  kill(signal: NodeJS.Signals): void
  /** How it ended: its exit code or the signal, and what it wrote to stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly stderr: string }>
}

export interface ProgramOptions {
  /** Whether it finds the kernel's lock; else it makes do with a pid file. */
  readonly kernelLock?: boolean
}

/** Bundles `program.ts` with the very sources that the tests run on, so that no test depends on a build. */
export async function program({ kernelLock = true }: ProgramOptions = {}): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'varve-program-'))
  const native = createRequire(new URL('../../package.json', import.meta.url)).resolve('fs-native-extensions')
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
          onResolve({ filter: /^@varve\// }, ({ path }) => ({ path: path.replace(...aliasOf(path)) }))
          onResolve({ filter: /^fs-native-extensions$/ }, () => ({
            path: kernelLock ? pathToFileURL(native).href : 'no-such-package',
            external: true,
          }))
        },
      },
    ],
  })
  return {
    start: (...args) => started(spawn(process.execPath, [join(directory, 'program.mjs'), ...args])),
    dispose: () => rmSync(directory, { recursive: true }),
  }
}

function aliasOf(path: string): [RegExp, string] {
  const { find, replacement } = alias.find(
    (each): each is { find: RegExp; replacement: string } => each.find instanceof RegExp && each.find.test(path),
  )!
  return [find, replacement]
}

function started(child: ChildProcess): Child {
  const said: string[] = []
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const waiter = waiting.shift()
    if (waiter) waiter(line)
    else said.push(line)
  })
  let stderr = ''
  child.stderr!.on('data', (data) => (stderr += data))
  const ended = new Promise<Awaited<Child['ended']>>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, stderr })))
  // What it says after its end is nothing: who waits for a line is told so.
  void ended.then(() => {
    for (const waiter of waiting.splice(0)) waiter('(ended)')
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    pid: child.pid!,
    line: async () => said.shift() ?? (await new Promise<string>((resolve) => waiting.push(resolve))),
    tell: (line) => void child.stdin!.write(`${line}\n`),
    kill: (signal) => void child.kill(signal),
    ended,
  }
}
