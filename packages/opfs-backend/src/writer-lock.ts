import { BackendError, type BackendLock } from '@varve/backend'
import { lockManager } from './container.js'

/** A writer lock, and what it takes to hold it. */
export interface WriterLock extends BackendLock {
  readonly lost: AbortSignal
}

/**
 * Takes the Web Lock of a container, which the browser holds for this page or worker until it is released or the page or worker ends, however it ends.
 * Throws `LOCKED` at once where another has it.
 */
export async function takeWriterLock(path: string): Promise<WriterLock> {
  const name = `varve-opfs ${path}`
  const lost = new AbortController()
  let release = (): void => {}
  let held = Promise.resolve()
  const taken = await new Promise<boolean>((resolve, reject) => {
    held = lockManager().request(name, { mode: 'exclusive', ifAvailable: true }, async (lock) => {
      if (!lock) return resolve(false)
      const released = new Promise<void>((done) => {
        release = done
      })
      resolve(true)
      await released
    })
    // Rejects where somebody steals the lock; once it is released that does nothing.
    held.catch((error: unknown) => {
      lost.abort(new BackendError('LOCKED', `${name}: somebody took the lock away`, { cause: error }))
      reject(error)
    })
  })
  const description = await describeHolder(name)
  if (!taken) throw new BackendError('LOCKED', `opfs ${path} is held: ${description}`)
  return {
    description,
    lost: lost.signal,
    async release() {
      release()
      // It is free when the browser says so.
      await held.catch(() => undefined)
    },
  }
}

// Whoever is refused says the same of the holder as the holder itself.
async function describeHolder(name: string): Promise<string> {
  const { held = [] } = await lockManager().query()
  const clientId = held.find((lock) => lock.name === name)?.clientId
  return `Web Lock "${name}"${clientId === undefined ? '' : ` of client ${clientId}`}`
}
