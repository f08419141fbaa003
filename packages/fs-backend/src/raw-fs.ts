import * as fs from 'node:fs'
import { promisify } from 'node:util'

// Plain descriptors and callbacks: `fs/promises` wraps every one in a FileHandle and takes 2 to 4 times as long a call.

export const open = promisify(fs.open)
export const close = promisify(fs.close)
export const fsync = promisify(fs.fsync)
export const fdatasync = promisify(fs.fdatasync)
export const ftruncate = promisify(fs.ftruncate)
export const rmdir = promisify(fs.rmdir)
export const rename = promisify(fs.rename)
export const unlink = promisify(fs.unlink)

export function readdir(path: string): Promise<string[]> {
  return new Promise((resolve, reject) => fs.readdir(path, (error, names) => (error ? reject(error) : resolve(names))))
}

/** What one call may carry: one of 2 GiB or more throws. */
export const maxTransfer = 2 ** 30
