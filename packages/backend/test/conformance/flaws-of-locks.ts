import { BackendError } from '@varve/backend'
import { type Flaw, flawed, pause, withMethods } from './flaw.js'
import { failed } from './reference-backend.js'

// What goes wrong with the lock.

export const flawsOfLocks: readonly Flaw[] = [
  flawed('lock/exclusive', 'lets everybody hold it', () => ({ lock: async () => ({ description: 'no lock', release: async () => {} }) })),
  flawed('lock/exclusive', 'excludes its own process only', () => {
    let held = false
    return {
      lock: async () => {
        if (held) throw failed('LOCKED', 'here')
        held = true
        return {
          description: 'a lock of this process',
          release: async () => {
            held = false
          },
        }
      },
    }
  }),
  flawed('lock/exclusive', 'looks first and locks later', (backend) => ({
    lock: async () => {
      if (backend.medium.holder) throw failed('LOCKED', 'the container')
      await pause()
      backend.medium.holder = undefined
      return backend.lock()
    },
  })),
  flawed('lock/exclusive', 'says BUSY', (backend) => ({
    lock: () => backend.lock().catch(() => Promise.reject(failed('BUSY', 'the lock'))),
  })),
  flawed('lock/at-once', 'waits for the holder', (backend) => ({
    lock: () => backend.lock().catch(() => new Promise(() => {})),
  })),
  flawed('lock/says-who', 'says only that it is locked', (backend) => ({
    lock: () => backend.lock().catch((error) => Promise.reject(new BackendError(error.code, 'somebody else has it'))),
  })),
  flawed('lock/container', 'wants the container to be there', (backend) => ({
    lock: async () => {
      if (!backend.medium.exists) throw failed('NOT_FOUND', 'the container')
      return backend.lock()
    },
  })),
  flawed('lock/release', 'keeps the lock until the process ends', (backend) => ({
    lock: async () => withMethods(await backend.lock(), { release: async () => {} }),
  })),
  flawed('lock/release-again', 'takes the lock from whoever holds it', (backend) => ({
    lock: async () =>
      withMethods(await backend.lock(), {
        release: async () => {
          backend.medium.holder = undefined
        },
      }),
  })),
  flawed('lock/release-again', 'refuses a second release', (backend) => ({
    lock: async () => {
      const lock = await backend.lock()
      let released = false
      const release = async () => {
        if (released) throw failed('IO', 'the lock')
        released = true
        return lock.release()
      }
      return withMethods(lock, { release })
    },
  })),
  flawed('lock/readers', 'keeps readers out', (backend) => {
    let mine = false
    return {
      lock: async () => {
        const lock = await backend.lock()
        mine = true
        return lock
      },
      open: async (name) => {
        if (backend.medium.holder && !mine) throw failed('LOCKED', name)
        return backend.open(name)
      },
    }
  }),
  flawed('lock/lost', 'has lost the lock from the start', (backend) => ({
    lock: async () => Object.assign(await backend.lock(), { lost: AbortSignal.abort() }),
  })),
  flawed('lock/lost', 'loses the lock when somebody else asks for it', (backend) => {
    const medium = backend.medium as typeof backend.medium & { lose?: () => void }
    return {
      lock: async () => {
        if (medium.holder) medium.lose?.()
        const lost = new AbortController()
        const lock = await backend.lock()
        medium.lose = () => lost.abort()
        return Object.assign(lock, { lost: lost.signal })
      },
    }
  }),
  flawed('described', 'has no description of its lock', (backend) => ({
    lock: async () => withMethods(await backend.lock(), { description: '' }),
  })),
]
