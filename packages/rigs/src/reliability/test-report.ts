import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fixedPart } from './find-evidence.js'
import type { Evidence } from './matrix.js'

/** What a test came to. */
interface TestResult {
  readonly file: string
  readonly title: string
  readonly passed: boolean
}

/** A number that a test printed, as a line `COUNT <name> <number>`. */
export interface Count {
  readonly file: string
  readonly title: string
  readonly name: string
  readonly value: number
}

export interface TestReport {
  readonly results: readonly TestResult[]
  readonly counts: readonly Count[]
}

/** Runs test files. */
export function runTests(root: string, files: readonly string[]): TestReport {
  const directory = mkdtempSync(join(tmpdir(), 'varve-reliability-'))
  try {
    const output = join(directory, 'report.json')
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const args = [vitest, 'run', '--reporter', 'default', '--reporter', 'json', '--outputFile.json', output, ...files]
    const { stdout, error } = spawnSync(process.execPath, args, {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, CI: '1', NO_COLOR: '1' },
    })
    if (error) throw error
    return { results: readResults(root, output), counts: readCounts(stdout) }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

function readResults(root: string, path: string): TestResult[] {
  const { testResults } = JSON.parse(readFileSync(path, 'utf8')) as JsonReport
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      // One that a platform leaves out was not run, and shows nothing.
      .filter(({ status }) => status === 'passed' || status === 'failed')
      .map(({ fullName, status }) => ({ file: relative(root, name), title: fullName, passed: status === 'passed' })),
  )
}

/** The runner writes `stdout | <file> > <group> > <test>` above what a test printed. */
export function readCounts(stdout: string): Count[] {
  const counts: Count[] = []
  let file = ''
  let title = ''
  for (const line of stdout.split('\n')) {
    const head = /^stdout \| (\S+)(?: > (.*))?$/.exec(line)
    if (head) {
      file = head[1] as string
      title = (head[2] ?? '').replaceAll(' > ', ' ')
    }
    const count = /^COUNT (.+) (\d+)$/.exec(line)
    if (count) counts.push({ file, title, name: count[1] as string, value: Number(count[2]) })
  }
  return counts
}

export function fits({ file, title }: { readonly file: string; readonly title: string }, evidence: Evidence): boolean {
  return file === evidence.file && title.includes(fixedPart(evidence.title))
}
