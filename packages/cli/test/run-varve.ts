import { Readable } from 'node:stream'
import type { Context, Input } from '../src/context.js'
import { run } from '../src/program.js'
import { CapturedOutput } from './captured-output.js'

export interface Ran {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** A context without a terminal. */
export function testContext(given: Partial<Context> = {}) {
  const never = new AbortController().signal
  return { in: inputOf(''), out: new CapturedOutput(), err: new CapturedOutput(), signal: never, readerGone: never, ...given }
}

/** Runs `varve` in this process. */
export async function varve(...args: string[]): Promise<Ran> {
  return varveWith('', ...args)
}

/** The same with something on standard input. */
export async function varveWith(stdin: string | Uint8Array, ...args: string[]): Promise<Ran> {
  const out = new CapturedOutput()
  const err = new CapturedOutput()
  const exitCode = await run(args, testContext({ in: inputOf(stdin), out, err }))
  return { exitCode, out: out.text, err: err.text }
}

/** The JSON values on the lines of an output. */
export function jsonLines<T = Record<string, unknown>>(out: string): T[] {
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** Something on standard input. */
export function inputOf(content: string | Uint8Array): Input {
  return Readable.from(content.length === 0 ? [] : [Buffer.from(content)])
}
