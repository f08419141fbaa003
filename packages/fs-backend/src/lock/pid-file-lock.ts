import { closeSync, fsyncSync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { errnoOf } from '../fs-error.js'
import { type HeldLock, lockedBy } from './held-lock.js'
import { holderIn, holderText, type LockHolder, readHolder, readLockFile, thisHolder } from './lock-holder.js'
import { mayRun } from './process-identity.js'

// Each round means that the file was there and then wasn't.
const rounds = 100

/**
 * Makes the file at `path`, exclusively, with this process's name in it: the lock where the kernel has none to give. It stays when
 * the process is killed; then whoever comes next, on the same host, finds that the process no longer runs, and takes
 * it over. A process on another host can't be asked: its file has to be removed by hand. Throws `LOCKED`.
 */
export function takePidFileLock(path: string, mode: number): HeldLock {
  const holder = thisHolder('pid file')
  const own = `${path}.${holder.id}`
  writeDurably(own, holderText(holder), mode)
  try {
    for (let round = 0; round < rounds; round++) {
      // A link, not a file created here: the name appears together with what it tells.
      if (linked(own, path)) return held(path, holder)
      const text = readLockFile(path)
      if (text === undefined) continue
      const other = holderIn(text)
      if (other && mayRun(other)) throw lockedBy(other, path)
      removeStale(path, own, text)
    }
    throw lockedBy(undefined, path)
  } finally {
    // Whoever destroys the container may have removed it.
    removeIfThere(own)
  }
}

/**
 * Removes the file that a process has left, and that says `stale`. Two that find it at the same time must not remove one after the other, or the second
 * would remove what somebody has put in its place. So the right to remove it is a file too, made exclusively, with a name made of the id in the stale one: no
 * second lock will ever have that id. Whoever holds the right and still finds the stale file is the only one who may touch it.
 * Where the holder of the right was killed in these few microseconds, the right passes on in the same way.
 */
function removeStale(path: string, own: string, stale: string): void {
  const rights: string[] = []
  for (let gone = holderIn(stale); ; ) {
    const right = `${path}.after-${idForName(gone)}`
    rights.push(right)
    if (linked(own, right)) break
    const text = readLockFile(right)
    // Done by another meanwhile.
    if (text === undefined) return
    const other = holderIn(text)
    // One that names itself, or one before it, is no right that anybody took.
    if (!other || mayRun(other) || rights.includes(`${path}.after-${idForName(other)}`)) throw lockedBy(other, right)
    gone = other
  }
  try {
    if (readLockFile(path) === stale) removeIfThere(path)
  } finally {
    for (const right of rights) removeIfThere(right)
  }
}

// What the file says may be anything, and is to be a part of a name here.
function idForName(holder: LockHolder | undefined): string {
  return typeof holder?.id === 'string' && /^[\w-]{1,64}$/.test(holder.id) ? holder.id : 'nobody'
}

function held(path: string, holder: LockHolder): HeldLock {
  const release = () => {
    if (readHolder(path)?.id === holder.id) removeIfThere(path)
  }
  return { holder, release, remove: release }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
  }
}

// An empty file after a power loss would tell nobody whose it is.
function writeDurably(path: string, text: string, mode: number): void {
  const fd = openSync(path, 'wx', mode)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
