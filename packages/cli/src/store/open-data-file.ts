import { type FileHandle, open, stat } from 'node:fs/promises'
import { CommandError, ExitCode } from '../exit-code.js'
import type { DataFile } from './find-store.js'

/** Opens a data file to look at it as it lies on disk. */
export async function openDataFile({ name, path }: DataFile): Promise<FileHandle> {
  // To open a pipe would wait for its other end.
  if (!(await stat(path)).isFile()) throw new CommandError(ExitCode.damage, `${name} is no regular file; varve repair sets it aside`)
  return open(path)
}
