import { join, resolve } from 'node:path'
import { describeHolder, readHolder } from './lock/lock-holder.js'
import { mayRun } from './lock/process-identity.js'
import { lockFilePrefix } from './lock/take-lock.js'

/**
 * Who has the store in a directory open for writing, as the lock there would say it: `kernel lock of process 4711 on host, started …`; `undefined` where nobody has.
 * It reads what the holder wrote and takes no lock, so it stands in nobody's way; it is for people, and may be out of date by the time it is read.
 */
export function lockHolderOf(path: string): string | undefined {
  const holder = readHolder(join(resolve(path), lockFilePrefix))
  return holder && mayRun(holder) ? describeHolder(holder) : undefined
}
