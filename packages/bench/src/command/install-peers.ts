import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { peersFolder, workspace } from '../places.js'

/**
 * Installs what the lockfile of the peers names, by the workspace's own pnpm; where that was done before it takes a second.
 * They are optional dependencies: one that can't be installed on this machine keeps none of the others back, and is missed when it is asked for.
 */
export async function installPeers(): Promise<void> {
  process.stderr.write('Installing the peers; the first time, one of them may have to be compiled, which takes minutes.\n')
  const pnpm = [join(workspace, 'scripts/pnpm.mjs'), '--dir', peersFolder, '--ignore-workspace', '--reporter=silent']
  const child = spawn(process.execPath, [...pnpm, 'install', '--frozen-lockfile'], { stdio: ['ignore', 2, 2] })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`the peers could not be installed in ${peersFolder}: pnpm ended with ${code}`)
}
