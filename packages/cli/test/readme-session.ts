import { spawnSync } from 'node:child_process'
import { run } from '../src/program.js'
import { CapturedOutput } from './captured-output.js'
import { inputOf, testContext } from './run-varve.js'

/** A command of a session, and what it prints: standard output and standard error as a terminal shows them. */
export interface SessionStep {
  readonly command: string
  readonly output: string
}

/** The sessions in a document, in order: what stands in its `console` blocks. */
export function sessionsIn(document: string): SessionStep[] {
  return Array.from(document.matchAll(/```console\n(.*?)```/gs)).flatMap(([, block]) =>
    (block as string)
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [command, ...output] = step.split('\n')
        return { command: command as string, output: output.join('\n') }
      }),
  )
}

// Most of what is typed needs no process of its own. One that does not fit is given to a shell.
const SIMPLE = /^(?:printf '?([^'|]+)'? \| )?varve ([^|;>]+?)( 2>\/dev\/null)?( \| head -1)?(; echo "exit code \$\?")?$/

/** Does what a person has typed, in the directory where this process is, and gives what a terminal would show. */
export async function typed(command: string, shellPath: string): Promise<string> {
  const match = SIMPLE.exec(command)
  if (!match) return inShell(command, shellPath)
  const [, input = '', args = '', silent, head, status] = match
  let out = ''
  let all = ''
  const toAll = (chunk: Buffer): void => {
    all += chunk
  }
  const context = testContext({
    in: inputOf(input.replaceAll('\\n', '\n')),
    out: new CapturedOutput({
      onChunk: (chunk) => {
        out += chunk
        if (!head) toAll(chunk)
      },
    }),
    err: new CapturedOutput(silent ? {} : { onChunk: toAll }),
  })
  const exitCode = await run(args.split(' '), context)
  const first = head ? out.slice(0, out.indexOf('\n') + 1) : ''
  return `${first}${all}${status ? `exit code ${exitCode}\n` : ''}`
}

function inShell(command: string, shellPath: string): string {
  const env = { ...process.env, PATH: `${shellPath}:${process.env.PATH}` }
  return spawnSync('/bin/sh', ['-c', `{ ${command}\n} 2>&1`], { env, encoding: 'utf8' }).stdout
}

/** What a command printed, without what is different each time. JSON is reduced to its shape. */
export function essence(output: string): string[] {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('{')) return JSON.stringify(shapeOf(JSON.parse(line)))
      return line
        .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
        .replaceAll(/[0-9a-f]{32}/g, 'ID')
        .replaceAll(/\d+ m?s(econds?)? ago/g, 'AGO')
        .replaceAll(/(AGO\)) +/g, '$1 ')
        .replaceAll(/─+/g, '─')
        .replaceAll(/ +│/g, ' │')
    })
}

function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((one) => JSON.stringify(shapeOf(one))))].sort()
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shapeOf(one)]))
}
