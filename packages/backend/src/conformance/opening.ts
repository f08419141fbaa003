import type { ConformanceCase } from './conformance-case.js'
import { ensure, equal, equalBytes, equalNames, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, sampleBytes } from './sample-files.js'

export const opening: readonly ConformanceCase[] = [
  {
    guarantee: 'open/not-found',
    title: 'says NOT_FOUND where there is no such file, and where there is no container',
    async run({ backend }) {
      await rejects('NOT_FOUND', 'open without a container', () => backend.open('a'))
      await (await backend.create('a')).close()
      await rejects('NOT_FOUND', 'open beside another file', () => backend.open('b'))
    },
  },
  {
    guarantee: 'open/makes-nothing',
    title: 'leaves nothing behind where there was nothing to open',
    async run({ backend }) {
      await backend.open('a').catch(() => {})
      equal((await backend.list()).length, 0, 'names')
      await (await backend.create('a')).close()
      await backend.open('b').catch(() => {})
      equalNames(await backend.list(), ['a'], 'names')
    },
  },
  {
    guarantee: 'open/keeps',
    title: 'opens a file as it was left, any number of times',
    async run({ backend, reopen }) {
      await (await createWith(backend, 'a', sampleBytes(1000))).close()
      for (let round = 0; round < 3; round++) await expectFile(backend, 'a', sampleBytes(1000), `opened ${round + 1} times`)
      await expectFile(await reopen(), 'a', sampleBytes(1000), 'opened from elsewhere')
    },
  },
  {
    guarantee: 'open/keeps',
    title: 'opens a file that is open already, and both handles work',
    async run({ backend }) {
      const first = await createWith(backend, 'a', sampleBytes(1000))
      const second = await backend.open('a')
      await expectContent(second, sampleBytes(1000), 'the second handle')
      await expectContent(first, sampleBytes(1000), 'the first handle')
    },
  },
  {
    guarantee: 'open/sync',
    title: 'opens at once as it opens with a promise, where it can',
    async run({ backend }) {
      if (!backend.openSync) return
      await rejects('NOT_FOUND', 'openSync without a container', () => backend.openSync?.('a'))
      await (await createWith(backend, 'a', sampleBytes(1000))).close()
      await rejects('NOT_FOUND', 'openSync beside another file', () => backend.openSync?.('b'))
      const file = backend.openSync('a')
      await expectContent(file, sampleBytes(1000), 'the file')
      ensure(file.readSync !== undefined, 'readSync on a file from openSync')
      ensure(file.sizeSync !== undefined, 'sizeSync on a file from openSync')
      equal(file.sizeSync(), 1000, 'size at once')
      const target = new Uint8Array(10)
      equal(file.readSync(target, 500), 10, 'bytes read at once')
      equalBytes(target, sampleBytes(1000).subarray(500, 510), 'read at once')
      await file.append([sampleBytes(3, 2)], 1000)
      equal(await file.size(), 1003, 'size after an append')
    },
  },
]
