import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A command whose figures the page shows. */
interface Campaign {
  readonly words: string
  readonly args: readonly string[]
}

const built = (program: string): string => fileURLToPath(new URL(program, import.meta.url))

/** Everything that the page tells of, but for the table's own tests: the short ones first. */
function campaigns(root: string): readonly Campaign[] {
  return [
    { words: 'pnpm crash', args: [built('crash.js'), '--minutes', '2', '--record'] },
    { words: 'pnpm model', args: [built('model.js'), '--minutes', '2', '--record'] },
    { words: 'pnpm kill', args: [built('kill.js'), '--record'] },
    { words: 'pnpm faults:linux', args: [built('faults-linux.js'), '--record'] },
    { words: 'npm run coverage', args: [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--coverage'] },
    { words: 'pnpm mutants', args: [built('mutants.js'), '--record'] },
  ]
}

/** Runs them one after the other, and stops at the first that fails. Whether none has. */
export function runAll(root: string): boolean {
  for (const { words, args } of campaigns(root)) {
    const start = performance.now()
    process.stdout.write(`\n${words}\n`)
    const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
    if (error) throw error
    process.stdout.write(`${words}: ${((performance.now() - start) / 1000).toFixed(0)} s\n`)
    if (status !== 0) return false
  }
  return true
}
