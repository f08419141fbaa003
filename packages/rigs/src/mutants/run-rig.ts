import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'

/** What became of one run of a rig. */
export type RigOutcome =
  | { readonly kind: 'passed' }
  /** A test failed, or the run did not come to its end. */
  | { readonly kind: 'failed'; readonly file: string; readonly title: string; readonly message: string }
  /** No test ran: nothing was tried. */
  | { readonly kind: 'unusable'; readonly message: string }

export interface RunRigOptions {
  /** The root of the sources to test. */
  readonly root: string
  /** Milliseconds after which a run counts as hanging. */
  readonly limit: number
}

/** Runs the test files that fit a filter, up to the first failure. */
export async function runRig(filter: string, { root, limit }: RunRigOptions): Promise<RigOutcome> {
  const report = join(root, 'rig-report.json')
  rmSync(report, { force: true })
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const args = [vitest, 'run', '--bail', '1', '--maxWorkers', '1', '--reporter', 'json', '--outputFile', report, filter]
  const { code, output } = await runCommand(args, root, limit)
  if (code === 'hangs') return { kind: 'failed', file: filter, title: `(the run hung: no end within ${limit / 1000} s)`, message: '' }
  const results = readReport(report)
  if (!results) return { kind: 'unusable', message: output.trim().split('\n').slice(-3).join(' ') || 'no report' }
  for (const { name, assertionResults } of results.testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed) {
      const message = failed.failureMessages[0] ?? ''
      // A busy machine may do that too: whoever reads it should know.
      const title = /Test timed out/.test(message) ? `${failed.fullName} (timed out)` : failed.fullName
      return { kind: 'failed', file: relative(root, name), title, message }
    }
  }
  if (results.numPassedTests === 0) return { kind: 'unusable', message: results.testResults[0]?.message ?? `no test fits ${filter}` }
  const broken = results.testResults.find(({ status }) => status === 'failed')
  if (broken) return { kind: 'unusable', message: `${relative(root, broken.name)}: ${broken.message ?? ''}` }
  if (code !== 0) return { kind: 'failed', file: filter, title: '(an error outside of any test)', message: output.slice(-500) }
  return { kind: 'passed' }
}

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message?: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function runCommand(
  args: readonly string[],
  cwd: string,
  limit: number,
): Promise<{ readonly code: number | null | 'hangs'; readonly output: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that a hanging run ends together with its workers.
    const child = spawn(process.execPath, args, {
      cwd,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: '1' },
    })
    let output = ''
    let hangs = false
    const note = (data: Buffer): void => void (output = (output + data).slice(-10_000))
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    const end = (): void => {
      try {
        process.kill(-(child.pid as number), 'SIGKILL')
      } catch {
        // It has ended.
      }
    }
    const timer = setTimeout(() => {
      hangs = true
      end()
    }, limit)
    process.once('exit', end)
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      process.off('exit', end)
      resolve({ code: hangs ? 'hangs' : code, output })
    })
  })
}
