import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import pty from '@lydell/node-pty'

/** The built command. */
export const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))

if (!existsSync(bin)) throw new Error('the command is not built: npm run build')

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when it has printed so many lines. */
  lines(count: number): Promise<void>
}

/** Starts a program with its standard streams as pipes. */
export function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(program, args, { stdio: 'pipe', env: { ...process.env, ...env } })
  let out = ''
  let err = ''
  let waiting: { count: number; done: () => void }[] = []
  child.stdout.on('data', (chunk) => {
    out += chunk
    const lines = out.split('\n').length - 1
    for (const { count, done } of waiting) if (lines >= count) done()
    waiting = waiting.filter(({ count }) => lines < count)
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  // Who ends early reads no further.
  child.stdin.on('error', () => {})
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
  return { child, ended, lines: (count) => new Promise((done) => waiting.push({ count, done })) }
}

/** Starts the built command in a process of its own. */
export function startVarve(...args: string[]): Running {
  return start(process.execPath, [bin, ...args])
}

export interface OnTerminal {
  readonly code: number
  /** What was shown, without the control characters. */
  readonly text: string
  readonly raw: string
}

/** Runs the built command on a terminal of its own, and types `keys` once it shows `prompt`. */
export function onTerminal(
  args: readonly string[],
  { prompt, keys, env }: { prompt?: string; keys?: string; env?: NodeJS.ProcessEnv } = {},
) {
  // The tests run in places that have a say in colours, such as a CI.
  const { CI, NO_COLOR, FORCE_COLOR, NODE_DISABLE_COLORS, ...inherited } = process.env
  const terminal = pty.spawn(process.execPath, [bin, ...args], {
    cols: 120,
    rows: 40,
    env: { ...inherited, TERM: 'xterm-256color', ...env },
  })
  let raw = ''
  let typed = false
  terminal.onData((data) => {
    raw += data
    if (typed || prompt === undefined || !stripVTControlCharacters(raw).includes(prompt)) return
    typed = true
    terminal.write(keys ?? '')
  })
  return new Promise<OnTerminal>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve({ code: exitCode, raw, text: stripVTControlCharacters(raw).replaceAll('\r', '') }))
  })
}
