import { randomUUID } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { errnoOf } from '../fs-error.js'
import { currentProcess, type ProcessIdentity } from './process-identity.js'

/** How a lock is held: by the kernel, which lets go when the process ends, or by a file that names a process. */
export type LockKind = 'kernel lock' | 'pid file'

/** What the lock file tells, as JSON: who holds the lock. */
export interface LockHolder extends ProcessIdentity {
  readonly lock: LockKind
  readonly host: string
  /** When the process started, in ISO 8601. */
  readonly started: string
  /** Tells two locks of one process apart. */
  readonly id: string
}

/** What the file always takes, so that a full disk does not stand in the way of writing over it. */
const textSize = 512
const mostText = 4096

export function thisHolder(lock: LockKind): LockHolder {
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString()
  return { lock, ...currentProcess(), host: hostname(), started, id: randomUUID() }
}

/** `kernel lock of process 4711 on host, started 2025-01-31T12:00:00.000Z` */
export function describeHolder({ lock, pid, host, started }: LockHolder): string {
  return `${lock} of process ${pid} on ${host}, started ${started}`
}

export function holderText(holder: LockHolder | undefined): string {
  return `${(holder ? JSON.stringify(holder) : '').padEnd(textSize - 1)}\n`
}

/** Who the lock file says holds the lock; `undefined` where it is gone, or names nobody. */
export function readHolder(path: string): LockHolder | undefined {
  return holderIn(readLockFile(path) ?? '')
}

/** What the lock file says; `undefined` where there is none. */
export function readLockFile(path: string): string | undefined {
  try {
    const found = lstatSync(path)
    // Opening a pipe would wait for its other end; and what is too long is nobody's, and may be longer than memory.
    return found.isFile() && found.size <= mostText ? readFileSync(path, 'utf8') : ''
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Who holds the lock, as the text of a lock file says; `undefined` where it names nobody. */
export function holderIn(text: string): LockHolder | undefined {
  // What a lock that was given back leaves.
  if (text.trim() === '') return undefined
  try {
    const holder: Partial<LockHolder> = JSON.parse(text)
    return typeof holder.pid === 'number' && typeof holder.host === 'string' ? (holder as LockHolder) : undefined
  } catch {
    return undefined
  }
}
