import { fileURLToPath } from 'node:url'
import { type FileBackend, VarveError } from '@varve/core'
import { type FsBackendOptions, fsBackend } from '@varve/fs-backend'

/** What a name of a store says. */
export type StorePlace =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string; readonly takeover?: true }
  | { readonly kind: 'memory' }

/**
 * Where the store is that has this name: the path of a directory, `file:///path`, `s3://bucket/prefix`, or `memory:`, which is a new, empty place each time. `s3://bucket/prefix?takeover` takes the place of a writer that did not release its lock, as
 * one that crashed: say it only where that one is known to be gone, or is to be shut out. A `TypeError` for an empty name, an s3: URL without a bucket, and URLs
 * of any other kind; a path that looks like one is given as `./http://…`.
 */
export function parseStoreName(where: string | URL): StorePlace {
  const name = String(where)
  if (name === '')
    throw new TypeError("the name of a store is not empty: './blocks', 'file:///srv/blocks', 's3://bucket/prefix' or 'memory:'")
  if (/^file:/i.test(name)) return { kind: 'directory', path: fileURLToPath(name) }
  if (name === 'memory:') return { kind: 'memory' }
  const s3 = /^s3:\/\/([^/?#]+)(?:\/([^?#]*))?(\?takeover)?$/i.exec(name)
  if (s3) return { kind: 's3', bucket: s3[1] as string, prefix: (s3[2] ?? '').replace(/\/+$/, ''), ...(s3[3] && { takeover: true }) }
  // One letter before the colon is a drive.
  if (/^(s3|memory):/i.test(name) || /^[a-z][a-z0-9+.-]+:\/\//i.test(name))
    throw new TypeError(`${name} is no name of a store: it is a path, file:///path, s3://bucket/prefix or memory:`)
  return { kind: 'directory', path: name }
}

/**
 * The backend of the store that has this name, see {@link parseStoreName}. Those that are not in this package are loaded when they are asked for: `@varve/s3-backend` for s3: URLs and `@varve/memory-backend` for memory:; where one is not installed
 * it is `UNSUPPORTED`, and the message says what to install. What an s3: URL does not say, such as keys, region and endpoint, that package takes from the environment.
 */
export async function backendAt(where: string | URL, options: FsBackendOptions = {}): Promise<FileBackend> {
  const place = parseStoreName(where)
  switch (place.kind) {
    case 'directory':
      return fsBackend(place.path, options)
    case 'memory':
      return (await load<MemoryModule>('@varve/memory-backend', where)).memoryBackend()
    case 's3': {
      const { s3Backend } = await load<S3Module>('@varve/s3-backend', where)
      const { kind: _, prefix, ...rest } = place
      return s3Backend(prefix === '' ? rest : { ...rest, prefix })
    }
  }
}

interface MemoryModule {
  memoryBackend(): FileBackend
}

interface S3Module {
  s3Backend(options: { readonly bucket: string; readonly prefix?: string; readonly takeover?: true }): FileBackend
}

/** Not imported by its name: it is only there for who installed it. */
async function load<Module>(name: string, where: string | URL): Promise<Module> {
  try {
    return (await import(/* @vite-ignore */ name)) as Module
  } catch (cause) {
    const isMissing = (cause as { readonly code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' && String(cause).includes(name)
    if (!isMissing) throw cause
    throw new VarveError('UNSUPPORTED', `${String(where)} needs the package ${name}, which is not installed: npm install ${name}`, {
      cause,
    })
  }
}
