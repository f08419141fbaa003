import { type FileBackend, Varve, type VarveOptions } from '@varve/core'
import { type FsBackendOptions, fsBackend } from '@varve/fs-backend'

/** Those of the store, and how its files are made. */
export type OpenOptions = VarveOptions & FsBackendOptions

/**
 * Opens the store in a directory, which is made where there is none, or on a backend of one's own. With `await using` it is stopped at the end of its scope.
 *
 * `where` is a path, a `file:` URL or a backend. Errors: those of `Varve.start`; a `TypeError` for anything else.
 */
export async function open(where: string | URL | FileBackend, options: OpenOptions = {}): Promise<Varve> {
  const { fileMode, directoryMode, ...store } = options
  return Varve.open(backendOf(where, options), store)
}

function backendOf(where: string | URL | FileBackend, options: FsBackendOptions): FileBackend {
  if (where instanceof URL) return fsBackend(where, options)
  if (typeof where === 'string' && where !== '') return fsBackend(where.startsWith('file:') ? new URL(where) : where, options)
  if (typeof (where as FileBackend | undefined)?.list === 'function') return where as FileBackend
  throw new TypeError("open takes the path of a directory, a file: URL or a backend, such as open('./blocks')")
}
