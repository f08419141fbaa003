import { BackendError, type BackendFile, type BackendLock, type FileBackend } from '@varve/core'

/** A part of a disk that looks like one of its own, so that two stores lose power together. `beforeSync` is done before each sync of a file: while what was appended is seen, and not durable. */
export function partOfDisk(disk: FileBackend, prefix: string, beforeSync: () => Promise<unknown> = async () => {}): FileBackend {
  let isLocked = false
  const { openSync } = disk
  const slow = (file: BackendFile): BackendFile =>
    new Proxy(file, {
      get(target, key) {
        const value = Reflect.get(target, key) as unknown
        if (typeof value !== 'function') return value
        return key === 'sync' ? (from?: number) => beforeSync().then(() => target.sync(from)) : value.bind(target)
      },
    })
  return {
    description: `part ${prefix} of ${disk.description}`,
    list: async () => (await disk.list()).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
    open: async (name) => slow(await disk.open(prefix + name)),
    ...(openSync && { openSync: (name: string) => openSync.call(disk, prefix + name) }),
    create: async (name) => slow(await disk.create(prefix + name)),
    replace: (from, to) => disk.replace(prefix + from, prefix + to),
    remove: (name) => disk.remove(prefix + name),
    destroy: async () => {},
    async lock(): Promise<BackendLock> {
      if (isLocked) throw new BackendError('LOCKED', `${prefix} is locked`)
      // Makes the names durable.
      await (await disk.lock()).release()
      isLocked = true
      return {
        description: `the lock of ${prefix}`,
        async release() {
          isLocked = false
        },
      }
    },
  }
}
