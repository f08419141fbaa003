import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { BackendError, type BackendLock } from '@varve/backend'
import { fsBackend, stopOnSignals } from '@varve/fs-backend'

// What the tests run in processes of their own. It answers on stdout, a line each, and does what stdin says.

const [role, ...args] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const asked = createInterface({ input: process.stdin })
const next = () => new Promise<string>((resolve) => asked.once('line', resolve))

const stopping = (name: string) => ({
  async stop() {
    say(`${name} stops`)
    say(`${name} ${await next()}`)
  },
})

const roles: { readonly [role: string]: () => void | Promise<void> } = {
  /** Takes and releases the lock as it is told. */
  async locker() {
    const backend = fsBackend(args[0]!)
    let lock: BackendLock | undefined
    say('ready')
    for await (const line of asked) {
      if (line === 'lock') {
        try {
          lock = await backend.lock()
          say(`held: ${lock.description}`)
        } catch (error) {
          say(`${BackendError.is(error) ? error.code : 'not a BackendError'}: ${error instanceof Error ? error.message : error}`)
        }
      } else {
        await lock?.release()
        lock = undefined
        say('released')
      }
    }
  },

  stops() {
    stopOnSignals(stopping('store'))
    say('ready')
  },

  'stops two'() {
    stopOnSignals({ stop: async () => say('quick one stops') })
    stopOnSignals([stopping('slow one')])
    stopOnSignals(stopping('one for another signal'), { signals: ['SIGHUP'] })
    say('ready')
  },

  'fails to stop'() {
    stopOnSignals({ stop: () => Promise.reject(new Error('the disk is gone')) })
    say('ready')
  },

  'throws when it stops'() {
    stopOnSignals(
      {
        stop() {
          throw new Error('the disk is gone')
        },
      },
      { onError: (error) => say(`told: ${(error as Error).message}`) },
    )
    say('ready')
  },

  'listens itself'() {
    process.once('SIGTERM', () => say('own listener'))
    stopOnSignals(stopping('store'))
    asked.on('line', (line) => {
      if (line === 'exit') process.exit(7)
    })
    say('ready')
  },

  'takes it off'() {
    const off = stopOnSignals(stopping('store'))
    stopOnSignals(stopping('other'), { signals: ['SIGINT'] })
    off()
    off()
    say(`ready ${process.listenerCount('SIGTERM')} ${process.listenerCount('SIGINT')}`)
  },

  'has nothing else to do'() {
    stopOnSignals(stopping('store'))
    asked.close()
    process.stdin.destroy()
    say('ready')
  },
}

await roles[role!]!()
