import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { workspace } from '../places.js'

/** A path as the user means it: a script of the root runs elsewhere than where it was called. */
export function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path)
}

/** A new directory in `parent`, gone when the program ends. By default it is on the disk of the workspace: the system's temporary directory is often memory. */
export function workingDirectory(parent = workspace): string {
  mkdirSync(parent, { recursive: true })
  const directory = mkdtempSync(join(parent, '.bench-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  return directory
}
