import type { ConformanceCase } from './conformance-case.js'
import { equalNames, rejects } from './expectations.js'
import { createWith, expectFile, sampleBytes } from './sample-files.js'

export const destroying: readonly ConformanceCase[] = [
  {
    guarantee: 'destroy/leaves-nothing',
    title: 'takes an empty container away, which the next file or lock makes again',
    async run({ backend, reopen }) {
      const lock = await backend.lock()
      await (await backend.create('a')).close()
      await backend.remove('a')
      await lock.release()
      await backend.destroy()
      equalNames(await backend.list(), [], 'names')
      await (await (await reopen()).lock()).release()
      await backend.destroy()
      await (await createWith(backend, 'b', sampleBytes(10))).close()
      await expectFile(backend, 'b', sampleBytes(10))
    },
  },
  {
    guarantee: 'destroy/keeps-files',
    title: 'leaves a container that holds a file as it is',
    async run({ backend }) {
      await (await createWith(backend, 'a', sampleBytes(10))).close()
      await (await backend.lock()).release()
      await backend.destroy()
      equalNames(await backend.list(), ['a'], 'names')
      await expectFile(backend, 'a', sampleBytes(10))
    },
  },
  {
    guarantee: 'destroy/none',
    title: 'does nothing where there is no container, or no longer one',
    async run({ backend }) {
      await backend.destroy()
      await (await backend.lock()).release()
      await backend.destroy()
      await backend.destroy()
    },
  },
  {
    guarantee: 'destroy/locked',
    title: 'refuses while the lock is held, and the holder stays the only one',
    async run({ backend, reopen }) {
      const lock = await backend.lock()
      const other = await reopen()
      await rejects('LOCKED', 'destroy', () => backend.destroy())
      await rejects('LOCKED', 'destroy from elsewhere', () => other.destroy())
      await rejects('LOCKED', 'lock from elsewhere', () => other.lock())
      await lock.release()
      await backend.destroy()
    },
  },
]
