import { assertFileName, BackendError, type BackendErrorCode, type BackendFile, type FileBackend } from '@varve/backend'

/** What files are kept in: the "disk", which several backends may share. */
export interface MapMedium {
  readonly files: Map<string, { bytes: Uint8Array }>
  holder?: object | undefined
}

/** A backend that keeps its files in a `Map`. It needs nothing of Node, so it also runs in a browser. */
export function mapBackend(medium: MapMedium = { files: new Map() }): FileBackend {
  const { files } = medium
  const refuse = (code: BackendErrorCode, what: string): never => {
    throw new BackendError(code, `map: ${what}: ${code}`)
  }
  const named = (name: string) => {
    assertFileName(name, 'map')
    return files.get(name)
  }
  const find = (name: string) => named(name) ?? refuse('NOT_FOUND', name)
  // A handle is of a file, not of a name: it goes on showing its file when the name has gone to another.
  const handle = (name: string, file: { bytes: Uint8Array }, open = { is: true }): BackendFile => {
    const bytes = () => (open.is ? file.bytes : refuse('IO', `${name} is closed`))
    return {
      size: async () => bytes().length,
      read: async (target, position) => {
        const part = bytes().subarray(position, position + target.length)
        target.set(part)
        return part.length
      },
      append: async (chunks, position) => {
        if (position !== bytes().length) refuse('CONFLICT', name)
        file.bytes = concatenated([bytes(), ...chunks])
      },
      truncate: async (size) => {
        if (!(Number.isInteger(size) && size >= 0 && size <= bytes().length)) refuse('CONFLICT', name)
        file.bytes = bytes().slice(0, size)
      },
      // A real medium makes durable here what it holds back, and writes the bytes from `rewriteFrom` on once more.
      sync: async () => void bytes(),
      close: async () => void (open.is = false),
    }
  }
  return {
    description: 'map',
    list: async () => [...files.keys()],
    open: async (name) => handle(name, find(name)),
    create: async (name) => {
      if (named(name)) refuse('ALREADY_EXISTS', name)
      files.set(name, { bytes: new Uint8Array(0) })
      return handle(name, find(name))
    },
    replace: async (from, to) => {
      named(to)
      files.set(to, find(from))
      if (from !== to) files.delete(from)
    },
    remove: async (name) => void (find(name) && files.delete(name)),
    lock: async () => {
      if (medium.holder) refuse('LOCKED', 'held: a lock in the map')
      const own = (medium.holder = {})
      return { description: 'a lock in the map', release: async () => void (medium.holder === own && (medium.holder = undefined)) }
    },
    destroy: async () => void (medium.holder && refuse('LOCKED', 'held: a lock in the map')),
  }
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  for (let n = 0, at = 0; n < chunks.length; at += chunks[n++]?.length ?? 0) bytes.set(chunks[n] ?? [], at)
  return bytes
}
