import { BackendError, type BackendLock } from '@varve/backend'
import { lockManager } from './container.js'

/** A writer lock, and what it takes to hold it. */
export interface WriterLock extends BackendLock {
  readonly lost: AbortSignal
}

const MAX_TRIES = 100

/**
 * Takes the Web Lock of a container, which the browser holds for this page or worker until it is released or the page or worker ends, however it ends.
 * Throws `LOCKED` at once where another has it.
 */
export async function takeWriterLock(path: string): Promise<WriterLock> {
  const name = `varve-opfs ${path}`
  for (let tries = 1; ; tries++) {
    const lock = await requestLock(name)
    const holder = await holderOf(name)
    // Whoever is refused says the same of the holder as the holder itself.
    const description = `Web Lock "${name}"${holder?.clientId === undefined ? '' : ` of client ${holder.clientId}`}`
    if (lock) return { ...lock, description }
    // A release may be told before it has reached the browser: who is refused where nobody holds the lock asks again.
    if (holder || tries === MAX_TRIES) throw new BackendError('LOCKED', `opfs ${path} is held: ${description}`)
  }
}

async function requestLock(name: string): Promise<Omit<WriterLock, 'description'> | undefined> {
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
  if (!taken) return undefined
  return {
    lost: lost.signal,
    async release() {
      release()
      // It is free when the browser says so.
      await held.catch(() => undefined)
    },
  }
}

async function holderOf(name: string): Promise<{ readonly clientId?: string } | undefined> {
  const { held = [] } = await lockManager().query()
  return held.find((lock) => lock.name === name)
}
