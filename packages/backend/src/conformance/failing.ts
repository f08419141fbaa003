import { BackendError, type BackendErrorCode } from '../backend-error.js'
import type { FileBackend } from '../file-backend.js'
import type { ConformanceCase } from './conformance-case.js'
import { ensure, failure } from './expectations.js'
import { createWith, sampleBytes } from './sample-files.js'

const codes: { readonly [code in BackendErrorCode]: true } = {
  NOT_FOUND: true,
  ALREADY_EXISTS: true,
  CONFLICT: true,
  LOCKED: true,
  BUSY: true,
  NO_SPACE: true,
  PERMISSION: true,
  TOO_MANY_OPEN: true,
  UNSUPPORTED: true,
  IO: true,
}

interface FailingCall {
  readonly what: string
  /** The name that the message must have in it. */
  readonly file?: string
  call(): Promise<unknown>
}

/** One call of every method that can be made to fail without a fault of the medium. */
async function failingCalls(backend: FileBackend): Promise<readonly FailingCall[]> {
  await backend.lock()
  const file = await createWith(backend, 'taken.dat', sampleBytes(10))
  const closed = await createWith(backend, 'closed.dat', sampleBytes(10))
  await closed.close()
  return [
    { what: 'open', file: 'absent.dat', call: () => backend.open('absent.dat') },
    { what: 'open a bad name', call: () => backend.open('a/b') },
    { what: 'create', file: 'taken.dat', call: () => backend.create('taken.dat') },
    { what: 'create a bad name', call: () => backend.create('a/b') },
    { what: 'replace', file: 'absent.dat', call: () => backend.replace('absent.dat', 'taken.dat') },
    { what: 'replace a bad name', call: () => backend.replace('a/b', 'taken.dat') },
    { what: 'remove', file: 'absent.dat', call: () => backend.remove('absent.dat') },
    { what: 'remove a bad name', call: () => backend.remove('a/b') },
    { what: 'lock', call: () => backend.lock() },
    { what: 'destroy', call: () => backend.destroy() },
    { what: 'append', file: 'taken.dat', call: () => file.append([sampleBytes(1)], 5) },
    { what: 'truncate', file: 'taken.dat', call: () => file.truncate(11) },
    { what: 'size after close', file: 'closed.dat', call: () => closed.size() },
    { what: 'read after close', file: 'closed.dat', call: () => closed.read(new Uint8Array(1), 0) },
    { what: 'append after close', file: 'closed.dat', call: () => closed.append([sampleBytes(1)], 10) },
    { what: 'truncate after close', file: 'closed.dat', call: () => closed.truncate(5) },
    { what: 'sync after close', file: 'closed.dat', call: () => closed.sync() },
  ]
}

export const failing: readonly ConformanceCase[] = [
  {
    guarantee: 'errors/named',
    title: 'rejects with a BackendError of a known code, and nothing else',
    async run({ backend }) {
      for (const { what, call } of await failingCalls(backend)) {
        const error = (await failure(call))?.value
        ensure(BackendError.is(error), `${what} to reject with a BackendError, not ${String(error)}`)
        ensure(Object.hasOwn(codes, error.code), `${what} to reject with a code of the contract, not ${error.code}`)
      }
    },
  },
  {
    guarantee: 'errors/promised',
    title: 'gives a promise for every call, also for one that fails',
    async run({ backend }) {
      for (const { what, call } of await failingCalls(backend)) {
        let promise: unknown
        try {
          promise = call()
        } catch (error) {
          throw new Error(`${what} threw before it gave a promise`, { cause: error })
        }
        ensure(promise instanceof Promise, `${what} to give a promise`)
        await failure(() => promise)
      }
    },
  },
  {
    guarantee: 'errors/message',
    title: 'names the file in the message',
    async run({ backend }) {
      for (const { what, file, call } of await failingCalls(backend)) {
        const error = (await failure(call))?.value
        const message = error instanceof Error ? error.message : ''
        ensure(message.includes(file ?? ''), `the message of ${what} to name ${file}: "${message}"`)
        ensure(message !== '', `a message of ${what}`)
      }
    },
  },
  {
    guarantee: 'described',
    title: 'says what it is, and what its lock is',
    async run({ backend }) {
      ensure(typeof backend.description === 'string' && backend.description !== '', 'a description of the backend')
      const lock = await backend.lock()
      ensure(typeof lock.description === 'string' && lock.description !== '', 'a description of the lock')
    },
  },
]
