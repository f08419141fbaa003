import { dirname, join } from 'node:path'
import { makeDirectory, syncDirectory } from './directory.js'
import { errnoOf } from './fs-error.js'
import type { HeldLock } from './lock/held-lock.js'
import { lockFilePrefix, takeLock } from './lock/take-lock.js'
import { readdir, rmdir, unlink } from './raw-fs.js'

export interface ContainerModes {
  readonly fileMode: number
  readonly directoryMode: number
}

/** The names in a directory, the lock's own left out; none where there is no directory. */
export async function listContainer(path: string): Promise<readonly string[]> {
  return (await namesIn(path)).filter((name) => !isLockFile(name))
}

/** Takes the lock of a directory, which is made where there is none. Every name in it is durable when it resolves. */
export async function lockContainer(path: string, { fileMode, directoryMode }: ContainerModes): Promise<HeldLock> {
  const lock = await whileDestroyed(async () => {
    await makeDirectory(path, directoryMode)
    return takeLock(path, fileMode)
  })
  try {
    await syncDirectory(path)
  } catch (error) {
    lock.release()
    throw error
  }
  return lock
}

/** Removes a directory that holds nothing, or nothing but lock files. Throws `LOCKED` where somebody holds the lock. */
export async function destroyContainer(path: string, { fileMode }: ContainerModes): Promise<void> {
  // Where there is nothing, there is no lock either, and none is to be made.
  const lock = await whileDestroyed(async () => ((await namesIn(path)).length === 0 ? undefined : takeLock(path, fileMode)))
  if (lock) {
    let empty = false
    try {
      const names = await namesIn(path)
      empty = names.every(isLockFile)
      // What is left of processes that were killed while they took a lock.
      if (empty) for (const name of names) if (name !== lockFilePrefix) await unlink(join(path, name)).catch(ignoreMissing)
    } catch (error) {
      lock.release()
      throw error
    }
    if (!empty) return lock.release()
    // The file goes while the lock is held: who opened it before finds that it is no longer at its place.
    lock.remove()
  }
  await removeDirectory(path)
}

// A directory that somebody has put something into meanwhile is theirs, and so is one that is a link or a mount.
async function removeDirectory(path: string): Promise<void> {
  try {
    await rmdir(path)
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY'].includes(errnoOf(error))) throw error
    return
  }
  await syncDirectory(dirname(path))
}

/** Begins again where another process destroyed the container meanwhile. */
async function whileDestroyed<T>(take: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await take()
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || round === 100) throw error
    }
  }
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}

function isLockFile(name: string): boolean {
  return name.startsWith(lockFilePrefix)
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error
}
