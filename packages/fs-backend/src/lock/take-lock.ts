import { join } from 'node:path'
import type { HeldLock } from './held-lock.js'
import { type TryLock, takeKernelLock } from './kernel-lock.js'
import { takePidFileLock } from './pid-file-lock.js'

/** Every name of the lock's own files begins so. */
export const lockFilePrefix = '.lock'

/** Takes the lock of a directory: the kernel's where there is one, else a pid file. Both kinds exclude each other. Throws `LOCKED`. */
export async function takeLock(directory: string, mode: number): Promise<HeldLock> {
  const path = join(directory, lockFilePrefix)
  const tryLock = await nativeLock()
  return (tryLock && takeKernelLock(path, mode, tryLock)) ?? takePidFileLock(path, mode)
}

/** `undefined` where no binary fits this platform, or a bundler has left it behind. */
async function nativeLock(): Promise<TryLock | undefined> {
  // They load the binary, and are ended by it: it calls functions of libuv that they do not have.
  if ('Bun' in globalThis || 'Deno' in globalThis) return undefined
  try {
    const { tryLock } = await import('fs-native-extensions')
    return tryLock
  } catch {
    return undefined
  }
}
