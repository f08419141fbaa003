import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const windows = process.platform === 'win32'

/**
 * Runs the tests on the built packages by the vitest that `[program, ...args]` starts, for so many minutes at most, and tells what came of them, also where they did not come to their end:
 * `{ ok, passed, failed, skipped, seconds, problems }`.
 */
export async function runTests([program, ...args], minutes) {
  const folder = mkdtempSync(join(tmpdir(), 'varve-tests-'))
  const progress = join(folder, 'progress')
  const start = Date.now()
  const child = spawn(program, [...args, '--reporter=dot', `--reporter=${join(root, 'scripts/runtimes/progress-reporter.mjs')}`], {
    cwd: root,
    // Windows runs no batch file without one.
    shell: program.endsWith('.cmd'),
    stdio: 'inherit',
    env: { ...process.env, TEST_DIST: '1', VARVE_PROGRESS: progress },
    // A group of its own, so that what it started ends with it.
    detached: !windows,
  })
  const endGroup = () => (windows ? child.kill() : endProcessGroup(child.pid))
  const interrupted = () => {
    endGroup()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupted)
  let isLate = false
  const limit = setTimeout(
    () => {
      isLate = true
      endGroup()
    },
    minutes * 60 * 1000,
  )
  const { status, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve({ status, signal }))
  })
  clearTimeout(limit)
  for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, interrupted)
  const entries = existsSync(progress) ? readFileSync(progress, 'utf8').trim().split('\n').map(JSON.parse) : []
  rmSync(folder, { recursive: true, force: true })
  const found = summaryOf(entries)
  if (isLate) found.problems.push(`not at its end after ${minutes} minutes`, ...found.under.map((name) => `still running: ${name}`))
  else if (status !== 0 && found.problems.length === 0) found.problems.push(`ended with ${signal ?? status}`)
  return { ...found, ok: found.problems.length === 0, seconds: (Date.now() - start) / 1000 }
}

function endProcessGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

function summaryOf(entries) {
  const ended = entries.filter(({ ended }) => ended)
  const sum = (state) => ended.reduce((total, entry) => total + entry[state], 0)
  const names = new Set(ended.map(({ ended }) => ended))
  const problems = ended
    .filter(({ failed, errors }) => failed > 0 || errors.length > 0)
    .map(({ ended, failed, errors }) => `${ended}: ${errors[0] ?? `${failed} failed`}`)
  const outside = entries.reduce((total, { errorsOutside = 0 }) => total + errorsOutside, 0)
  if (outside > 0) problems.push(`${outside} errors outside of tests`)
  return {
    passed: sum('passed'),
    failed: sum('failed'),
    skipped: sum('skipped'),
    under: entries.flatMap(({ began }) => (began && !names.has(began) ? [began] : [])),
    problems,
  }
}
