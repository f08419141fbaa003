import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { bundle } from '../../../../vitest.bundle.js'

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

export async function program({ kernelLock = true }: ProgramOptions = {}): Promise<Program> {
  const { path, dispose } = await bundle(new URL('program.ts', import.meta.url), kernelLock ? {} : { without: 'fs-native-extensions' })
  return { start: (...args) => started(spawn(process.execPath, [path, ...args])), dispose }
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
