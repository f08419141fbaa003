import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { errnoOf } from '../fs-error.js'

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** The system's start and the process's start within it, as the kernel counts; only on Linux. */
  readonly start?: string
  /** The kernel's name for the space that the pid is a number in (containers have their own); only on Linux. */
  readonly pids?: string
}

export function currentProcess(): ProcessIdentity {
  const start = processStart(process.pid)
  const pids = pidNamespace()
  return { pid: process.pid, ...(start !== undefined && { start }), ...(pids !== undefined && { pids }) }
}

/** Whether the process may still run: `false` only where it certainly doesn't. */
export function mayRun({ pid, start, pids, host }: ProcessIdentity & { readonly host: string }): boolean {
  // The number of a process elsewhere says nothing here.
  if (host !== hostname() || pids !== pidNamespace()) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
  }
  const present = processStart(pid)
  return present === undefined || start === undefined || present === start
}

/** When the process started; `'ended'` for one that is dead and only waits for its parent to notice; `undefined` where the system doesn't tell. */
function processStart(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // "4711 (name) S …": the name may have anything in it. The state is the 3rd field, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : `${boot}/${fields[19]}`
  } catch {
    return undefined
  }
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}
