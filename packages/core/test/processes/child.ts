import { execFile } from 'node:child_process'
import { bundle } from '../../../../vitest.bundle.js'

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

export async function program(): Promise<Program> {
  const { path, dispose } = await bundle(new URL('program.ts', import.meta.url))
  return { run: (...args) => run(path, args), dispose }
}

function run(path: string, args: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], { timeout: TOO_LONG }, (error, stdout, stderr) => {
      const said = stdout.split('\n').filter((line) => line !== '')
      resolve({ code: error ? (error.code ?? error.signal ?? null) : 0, said, stderr })
    })
  })
}
