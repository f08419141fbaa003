import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { workspace } from '../places.js'

const run = promisify(execFile)
const MOST_OUTPUT_BYTES = 64 * 1024 * 1024

export interface RevisionBuild {
  /** The commit. */
  readonly commit: string
  /** The root of a workspace that is built. */
  readonly root: string
  remove(): Promise<void>
}

/** Checks a revision out beside this one, and builds the store in it as that revision builds it. */
export async function buildOfRevision(revision: string): Promise<RevisionBuild> {
  const commit = await git('rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`).catch((cause: unknown) => {
    throw new Error(`there is no revision ${JSON.stringify(revision)} here`, { cause })
  })
  const parent = await mkdtemp(join(tmpdir(), 'varve-guard-'))
  const root = join(parent, 'base')
  const remove = async (): Promise<void> => {
    await git('worktree', 'remove', '--force', root).catch(() => {})
    await rm(parent, { recursive: true, force: true })
    await git('worktree', 'prune')
  }
  try {
    await git('worktree', 'add', '--detach', root, commit)
    await pnpm(root, 'install', '--frozen-lockfile')
    await pnpm(root, 'exec', 'turbo', 'run', 'build:js', '--filter=@varve/core', '--filter=@varve/fs-backend')
  } catch (error) {
    await remove()
    throw error
  }
  return { commit, root, remove }
}

async function git(...args: string[]): Promise<string> {
  const { stdout } = await run('git', args, { cwd: workspace })
  return stdout.trim()
}

/** The pnpm of that workspace, as its own scripts run it. */
async function pnpm(root: string, ...args: string[]): Promise<void> {
  await run(process.execPath, [join(root, 'scripts/pnpm.mjs'), ...args], { cwd: root, maxBuffer: MOST_OUTPUT_BYTES })
}
