import type { FileBackend } from '@varve/backend'

/** A backend whose lock is a lease: `lose` takes it away, as when its holder was silent for too long. */
export interface LeasedBackend extends FileBackend {
  lose(reason: unknown): void
}

export function leasedBackend(inner: FileBackend): LeasedBackend {
  let lease = new AbortController()
  const { openSync } = inner
  return {
    description: inner.description,
    list: () => inner.list(),
    open: (name) => inner.open(name),
    ...(openSync && { openSync: (name: string) => openSync.call(inner, name) }),
    create: (name) => inner.create(name),
    replace: (from, to) => inner.replace(from, to),
    remove: (name) => inner.remove(name),
    destroy: () => inner.destroy(),
    async lock() {
      const { description, release } = await inner.lock()
      lease = new AbortController()
      return { description, lost: lease.signal, release }
    },
    lose: (reason) => lease.abort(reason),
  }
}
