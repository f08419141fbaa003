import { BackendError, type BackendLock, type FileBackend } from '@varve/core'

/** A part of a disk that looks like one of its own, so that two stores lose power together. */
export function partOfDisk(disk: FileBackend, prefix: string): FileBackend {
  let isLocked = false
  const { openSync } = disk
  return {
    description: `part ${prefix} of ${disk.description}`,
    list: async () => (await disk.list()).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : [])),
    open: (name) => disk.open(prefix + name),
    ...(openSync && { openSync: (name: string) => openSync.call(disk, prefix + name) }),
    create: (name) => disk.create(prefix + name),
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
