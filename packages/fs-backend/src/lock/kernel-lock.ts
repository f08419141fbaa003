import { closeSync, constants, fstatSync, openSync, statSync, unlinkSync, writeSync } from 'node:fs'
import { BackendError } from '@varve/backend'
import { errnoOf } from '../fs-error.js'
import { type HeldLock, lockedBy } from './held-lock.js'
import { holderText, type LockHolder, readHolder, thisHolder } from './lock-holder.js'
import { mayRun } from './process-identity.js'

/** Locks a part of an open file for this descriptor, without waiting; `false` where another descriptor has it. */
export type TryLock = (fd: number, offset: number, length: number) => boolean

const { O_RDWR, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants

// On Windows a lock keeps others from reading too, so it lies behind the text that tells who holds it. Elsewhere the
// whole file is locked: macOS knows nothing else.
const [lockedFrom, lockedLength] = process.platform === 'win32' ? [2 ** 30, 1] : [0, 0]

// Each round means that somebody destroyed the container between our opening of the file and our lock on it.
const rounds = 100

/**
 * Takes the kernel's lock on the file at `path`, which is made where there is none. The kernel lets go when the descriptor is
 * closed, so however the process ends. Throws `LOCKED`; gives `undefined` where the file system has no such locks.
 */
export function takeKernelLock(path: string, mode: number, tryLock: TryLock): HeldLock | undefined {
  for (let round = 0; round < rounds; round++) {
    const fd = openSync(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, mode)
    let taken: HeldLock | undefined
    try {
      if (!fstatSync(fd).isFile()) throw new BackendError('UNSUPPORTED', `${path} is not a regular file`)
      if (!tryLock(fd, lockedFrom, lockedLength)) throw lockedBy(readHolder(path), path)
      // A process that has no such locks may hold the file in its own way.
      const other = readHolder(path)
      if (other?.lock === 'pid file' && mayRun(other)) throw lockedBy(other, path)
      const holder = thisHolder('kernel lock')
      tell(fd, holder)
      // Where the path names another file by now, or none, this lock excludes nobody.
      if (isFileAt(fd, path)) taken = held(fd, path, holder)
    } catch (error) {
      if (noSuchLocks.has(errnoOf(error))) return undefined
      throw error
    } finally {
      if (!taken) closeSync(fd)
    }
    if (taken) return taken
  }
  throw new BackendError('LOCKED', `${path} is made and removed by other processes all the time`)
}

const noSuchLocks = new Set(['ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'ENOLCK', 'EINVAL'])

// Only for people to read: a disk that is too full for it must not keep a store from being opened.
function tell(fd: number, holder: LockHolder | undefined): void {
  try {
    writeSync(fd, holderText(holder), 0)
  } catch {}
}

function isFileAt(fd: number, path: string): boolean {
  const own = fstatSync(fd, { bigint: true })
  const present = statSync(path, { bigint: true, throwIfNoEntry: false })
  return present !== undefined && present.ino === own.ino && present.dev === own.dev
}

function held(fd: number, path: string, holder: LockHolder): HeldLock {
  return {
    holder,
    release() {
      tell(fd, undefined)
      closeSync(fd)
    },
    remove() {
      try {
        unlinkSync(path)
      } finally {
        closeSync(fd)
      }
    },
  }
}
