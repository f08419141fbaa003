import type { FileBackend } from '@varve/core'
import { backendAt, parseStoreName } from 'varve'
import { CommandError, ExitCode } from '../exit-code.js'

/** What the arguments STORE and DEST say. */
export interface StorePlace {
  /** As it was given. */
  readonly name: string
  readonly backend: FileBackend
  /** Where it is a directory of this machine. */
  readonly directory: string | undefined
}

/** The place that a store's name says: a directory, or a `file:`, `s3:` or `memory:` URL. */
export async function placeOf(name: string): Promise<StorePlace> {
  const place = named(name)
  return { name, backend: await backendAt(name), directory: place.kind === 'directory' ? place.path : undefined }
}

/** The directory that a name says, for what can be done in a directory only. */
export function directoryOf(name: string, what: string): string {
  const place = named(name)
  if (place.kind === 'directory') return place.path
  throw new CommandError(ExitCode.usage, `${what} needs a directory of this machine, and ${name} is none`)
}

function named(name: string): ReturnType<typeof parseStoreName> {
  try {
    return parseStoreName(name)
  } catch (error) {
    throw new CommandError(ExitCode.usage, error instanceof Error ? error.message : String(error), { cause: error })
  }
}
