import { type FileBackend, Varve, type VarveOptions } from '@varve/core'
import type { FsBackendOptions } from '@varve/fs-backend'
import { backendAt } from './backend-at.js'

/** Those of the store, and how its files are made. */
export type OpenOptions = VarveOptions & FsBackendOptions

/**
 * Opens a store by its name, or on a backend of one's own; makes it where there is none. With `await using` it is stopped at the end of its scope.
 *
 * `where` is the path of a directory, `file:///path`, `s3://bucket/prefix` (with `@varve/s3-backend` installed), `memory:` (with `@varve/memory-backend`), or a backend. Errors: those of `Varve.start`, `UNSUPPORTED` where the package that an
 * URL needs is not installed; a `TypeError` for anything else.
 */
export async function open(where: string | URL | FileBackend, options: OpenOptions = {}): Promise<Varve> {
  const { fileMode, directoryMode, ...store } = options
  if (typeof (where as FileBackend | undefined)?.list === 'function') return Varve.open(where as FileBackend, store)
  if (!(where instanceof URL) && (typeof where !== 'string' || where === ''))
    throw new TypeError("open takes the path of a directory, a file:, s3: or memory: URL or a backend, such as open('./blocks')")
  return Varve.open(await backendAt(where, options), store)
}
