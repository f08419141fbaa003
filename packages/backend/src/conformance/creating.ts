import type { ConformanceCase } from './conformance-case.js'
import { ensure, equal, equalNames, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, sampleBytes } from './sample-files.js'

export const creating: readonly ConformanceCase[] = [
  {
    guarantee: 'create/empty',
    title: 'gives an empty file that can be read and appended to at once',
    async run({ backend }) {
      const file = await backend.create('a')
      await expectContent(file, new Uint8Array(0), 'the new file')
      await file.append([sampleBytes(100)], 0)
      await expectContent(file, sampleBytes(100), 'the new file, appended to')
    },
  },
  {
    guarantee: 'create/exclusive',
    title: 'refuses a name that is taken, and leaves that file as it is',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      await rejects('ALREADY_EXISTS', 'create a again', () => backend.create('a'))
      await expectContent(file, sampleBytes(100), 'the open file')
      await file.close()
      const other = await reopen()
      await rejects('ALREADY_EXISTS', 'create a from elsewhere', () => other.create('a'))
      await expectFile(backend, 'a', sampleBytes(100))
    },
  },
  {
    guarantee: 'create/exclusive',
    title: 'lets exactly one of several simultaneous calls succeed',
    async run({ backend, reopen }) {
      const backends = [backend, await reopen()]
      const results = await Promise.allSettled(Array.from({ length: 8 }, async (_, index) => backends[index % 2]!.create('a')))
      equal(results.filter((result) => result.status === 'fulfilled').length, 1, 'calls that succeeded')
      for (const result of results) {
        if (result.status === 'rejected') await rejects('ALREADY_EXISTS', 'the other calls', () => Promise.reject(result.reason))
      }
    },
  },
  {
    guarantee: 'create/container',
    title: 'makes the container where there is none, however often it went',
    async run({ backend, reopen }) {
      for (const name of ['a', 'b']) {
        await (await createWith(backend, name, sampleBytes(5))).close()
        const other = await reopen()
        equalNames(await other.list(), [name], 'names from elsewhere')
        await backend.remove(name)
        await backend.destroy()
      }
      ensure((await backend.list()).length === 0, 'an empty list at the end')
    },
  },
]
