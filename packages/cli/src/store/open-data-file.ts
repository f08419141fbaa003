import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackendFile } from '@varve/core'
import { CommandError, ExitCode } from '../exit-code.js'
import type { DataFile } from './find-store.js'
import type { StorePlace } from './store-place.js'

/** Opens a data file to look at it as it lies in its container. */
export async function openDataFile({ name }: DataFile, { backend, directory }: StorePlace): Promise<BackendFile> {
  if (directory !== undefined && !(await stat(join(directory, name))).isFile())
    throw new CommandError(ExitCode.damage, `${name} is no regular file; varve repair sets it aside`)
  return backend.open(name)
}
