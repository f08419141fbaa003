import type { FileBackend } from '../file-backend.js'
import type { ConformanceCase } from './conformance-case.js'
import { ensure, equal, equalNames, rejects, within } from './expectations.js'
import { createWith, expectFile, sampleBytes } from './sample-files.js'

// Far more than a lock takes on a slow disk or across a network, and far less than "until the holder is done".
const atOnce = 5000

const lockAtOnce = (backend: FileBackend) => within(atOnce, 'lock', backend.lock())

export const locking: readonly ConformanceCase[] = [
  {
    guarantee: 'lock/exclusive',
    title: 'has one holder, in this process and elsewhere',
    async run({ backend, reopen }) {
      const other = await reopen()
      await lockAtOnce(backend)
      await rejects('LOCKED', 'lock once more', () => lockAtOnce(backend))
      await rejects('LOCKED', 'lock from elsewhere', () => lockAtOnce(other))
      await rejects('LOCKED', 'lock from elsewhere again', () => lockAtOnce(other))
    },
  },
  {
    guarantee: 'lock/exclusive',
    title: 'goes to exactly one of several that ask at the same time',
    async run({ backend, reopen }) {
      const backends = [backend, await reopen()]
      for (let round = 0; round < 3; round++) {
        const results = await Promise.allSettled(Array.from({ length: 6 }, async (_, index) => lockAtOnce(backends[index % 2]!)))
        for (const result of results) {
          if (result.status === 'rejected') await rejects('LOCKED', 'the other calls', () => Promise.reject(result.reason))
        }
        const holders = results.filter((result) => result.status === 'fulfilled')
        equal(holders.length, 1, 'calls that succeeded')
        await holders[0]!.value.release()
      }
    },
  },
  {
    guarantee: 'lock/at-once',
    title: 'does not wait for the holder',
    async run({ backend, reopen }) {
      const other = await reopen()
      await lockAtOnce(backend)
      for (const one of [backend, other]) {
        await within(
          atOnce,
          'an answer',
          one.lock().then(
            () => {},
            () => {},
          ),
        )
      }
    },
  },
  {
    guarantee: 'lock/says-who',
    title: 'tells who is refused which lock is held',
    async run({ backend, reopen }) {
      const other = await reopen()
      const lock = await lockAtOnce(backend)
      for (const one of [backend, other]) {
        const { message } = await rejects('LOCKED', 'lock', () => lockAtOnce(one))
        ensure(message.includes(lock.description), `"${message}" to have "${lock.description}" in it`)
      }
    },
  },
  {
    guarantee: 'lock/container',
    title: 'makes the container where there is none',
    async run({ backend, reopen }) {
      const lock = await lockAtOnce(backend)
      equalNames(await backend.list(), [], 'names')
      await (await createWith(backend, 'a', sampleBytes(10))).close()
      await lock.release()
      await expectFile(await reopen(), 'a', sampleBytes(10))
    },
  },
  {
    guarantee: 'lock/release',
    title: 'can be taken again after its release, here and elsewhere',
    async run({ backend, reopen }) {
      const other = await reopen()
      for (const one of [backend, other, backend, backend, other]) await (await lockAtOnce(one)).release()
      await lockAtOnce(other)
      await rejects('LOCKED', 'lock', () => lockAtOnce(backend))
    },
  },
  {
    guarantee: 'lock/release-again',
    title: 'does nothing when it is released once more, and leaves the next holder alone',
    async run({ backend, reopen }) {
      const other = await reopen()
      const first = await lockAtOnce(backend)
      await Promise.all([first.release(), first.release()])
      await first.release()
      await lockAtOnce(other)
      await first.release()
      await rejects('LOCKED', 'lock after the first holder released once more', () => lockAtOnce(backend))
    },
  },
  {
    guarantee: 'lock/readers',
    title: 'stands in no reader’s way',
    async run({ backend, reopen }) {
      await lockAtOnce(backend)
      const file = await createWith(backend, 'a', sampleBytes(10))
      const other = await reopen()
      equalNames(await other.list(), ['a'], 'names')
      await expectFile(other, 'a', sampleBytes(10))
      await file.close()
    },
  },
  {
    guarantee: 'lock/lost',
    title: 'is not lost while it is held',
    async run({ backend, reopen }) {
      const lock = await lockAtOnce(backend)
      await rejects('LOCKED', 'lock from elsewhere', async () => lockAtOnce(await reopen()))
      equal(lock.lost?.aborted ?? false, false, 'lost')
    },
  },
]
