import type { BackendLock } from '@varve/backend'
import type { PowerLossBackend } from '@varve/backend/faults'

/** A disk whose lock can be lost, as a lease can. */
export interface LosableDisk extends PowerLossBackend {
  /** Whoever holds the lock is told that it is lost. A store that is left behind by a process that ended lets go of the program so. */
  loseLock(): void
}

export function losableLock(disk: PowerLossBackend): LosableDisk {
  let lost = new AbortController()
  return Object.assign(Object.create(disk) as PowerLossBackend, {
    lock: async (): Promise<BackendLock> => {
      const { description, release } = await disk.lock()
      lost = new AbortController()
      return { description, lost: lost.signal, release }
    },
    loseLock: () => lost.abort(new Error('the lease has run out')),
  })
}
