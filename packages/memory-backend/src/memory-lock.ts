import { BackendError, type BackendLock } from '@varve/backend'
import type { Volume } from 'memfs'

// Held by whom, in this process: there is no other that could see the volume. Beside the volume, not in it, so that a snapshot of one doesn't
// carry a lock that nobody holds.
const held = new WeakMap<Volume, Map<string, string>>()
let count = 0

/** Takes the lock of a path in a volume. Throws `LOCKED`. */
export function takeMemoryLock(volume: Volume, path: string): BackendLock {
  assertUnlocked(volume, path)
  const locks = held.get(volume) ?? new Map<string, string>()
  held.set(volume, locks)
  const description = `in-process lock ${++count} of ${path}`
  locks.set(path, description)
  return {
    description,
    async release() {
      if (locks.get(path) === description) locks.delete(path)
    },
  }
}

/** Throws `LOCKED` where somebody holds the lock of a path in a volume. */
export function assertUnlocked(volume: Volume, path: string): void {
  const holder = held.get(volume)?.get(path)
  if (holder !== undefined) throw new BackendError('LOCKED', `memory ${path} is held: ${holder}`)
}
