import type { FileBackend } from '@varve/backend'

/** A backend whose lock can be lost, as a lease can. */
export interface LosableBackend extends FileBackend {
  /** Whoever holds the lock is told that it is lost. A store that a process left behind when it ended lets go of the program so. */
  loseLock(): void
}

export function losableLock(inner: FileBackend): LosableBackend {
  let lost = new AbortController()
  const { openSync } = inner
  return {
    description: inner.description,
    list: () => inner.list(),
    open: (name) => inner.open(name),
    ...(openSync && { openSync: (name) => openSync.call(inner, name) }),
    create: (name) => inner.create(name),
    replace: (from, to) => inner.replace(from, to),
    remove: (name) => inner.remove(name),
    destroy: () => inner.destroy(),
    lock: async () => {
      const lock = await inner.lock()
      lost = new AbortController()
      return { description: lock.description, lost: lost.signal, release: () => lock.release() }
    },
    loseLock: () => lost.abort(new Error('the lease has run out')),
  }
}
