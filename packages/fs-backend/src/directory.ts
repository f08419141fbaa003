import { closeSync, constants, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { BackendError } from '@varve/backend'
import { errnoOf } from './fs-error.js'
import { fsync } from './raw-fs.js'

// Not on Windows.
const { O_RDONLY, O_DIRECTORY = 0 } = constants

// Only the syncs go to the thread pool. Directories that a program works in are known to the system: what is done to one takes microseconds, where a round through the thread pool takes 50, and opening a store has a dozen of them.

/** Makes a directory, and those above it that are missing. Its name is durable when it resolves, and so are theirs. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const first = makeMissing(path, mode)
  if (first === undefined) return syncParentOfExisting(path)
  const top = dirname(first)
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    await syncDirectory(directory)
    if (directory === top || directory === dirname(directory)) return
  }
}

/** The topmost one that was made. */
function makeMissing(path: string, mode: number): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode })
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new BackendError('UNSUPPORTED', `${path} is not a directory`, { cause: error })
    throw error
  }
}

/** Makes the names in a directory durable: those that are there, and the absence of those that are gone. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const fd = openSync(path, O_RDONLY | O_DIRECTORY)
    try {
      await syncName(fd, path)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    // Windows can't sync a directory, and keeps its names in order without.
    if (process.platform === 'win32' && errnoOf(error) === 'EPERM') return
    throw error
  }
}

/**
 * Syncs what makes a name durable. A failed sync is `IO` whatever the system says, full disks included: nobody may take it for something that
 * did not happen, and try it again.
 */
export async function syncName(fd: number, path: string): Promise<void> {
  try {
    await fsync(fd)
  } catch (error) {
    if (process.platform === 'win32' && errnoOf(error) === 'EPERM') throw error
    throw new BackendError('IO', `sync ${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

// A process that made the directory may have died before it was durable. A parent that may be passed through but not read is
// somebody else's, and was there before any store.
async function syncParentOfExisting(path: string): Promise<void> {
  try {
    await syncDirectory(dirname(path))
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error
  }
}
