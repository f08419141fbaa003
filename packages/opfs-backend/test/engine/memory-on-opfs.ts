import type { BackendFile, BackendLock, FileBackend } from '@varve/backend'
import { opfsPageBackend } from '@varve/opfs-backend'
import { underWay } from './under-way.js'

// The engine's tests say `memoryBackend()`, and mean some backend whose files outlive it. Here they get one on the origin-private file system: what they
// call a volume is a directory there.
const directories = new WeakMap<object, string>()
let count = 0

export interface MemoryBackend extends FileBackend {
  readonly volume: object
}

export function memoryBackend({ volume = {} }: { readonly volume?: object } = {}): MemoryBackend {
  const path = directories.get(volume) ?? `engine/${Date.now()}-${++count}`
  directories.set(volume, path)
  const inner = opfsPageBackend(path)
  return {
    description: inner.description,
    volume,
    list: () => underWay(inner.list()),
    open: async (name) => counted(await underWay(inner.open(name))),
    create: async (name) => counted(await underWay(inner.create(name))),
    replace: (from, to) => underWay(inner.replace(from, to)),
    remove: (name) => underWay(inner.remove(name)),
    lock: async () => {
      const lock: BackendLock = await underWay(inner.lock())
      return { description: lock.description, lost: lock.lost as AbortSignal, release: () => underWay(lock.release()) }
    },
    destroy: () => underWay(inner.destroy()),
  }
}

function counted(file: BackendFile): BackendFile {
  return {
    size: () => underWay(file.size()),
    read: (target, position) => underWay(file.read(target, position)),
    append: (chunks, position) => underWay(file.append(chunks, position)),
    truncate: (size) => underWay(file.truncate(size)),
    sync: (from) => underWay(file.sync(from)),
    close: () => underWay(file.close()),
  }
}
