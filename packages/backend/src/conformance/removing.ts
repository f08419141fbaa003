import type { ConformanceCase } from './conformance-case.js'
import { doneUnlessBusy, equal, equalBytes, equalNames, failure, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, sampleBytes } from './sample-files.js'

export const removing: readonly ConformanceCase[] = [
  {
    guarantee: 'remove/gone',
    title: 'takes a file away, and its name gives a new, empty one',
    async run({ backend, reopen }) {
      await (await createWith(backend, 'a', sampleBytes(100))).close()
      await backend.remove('a')
      equalNames(await backend.list(), [], 'names')
      await rejects('NOT_FOUND', 'open a', () => backend.open('a'))
      const other = await reopen()
      await rejects('NOT_FOUND', 'open a from elsewhere', () => other.open('a'))
      await expectContent(await backend.create('a'), new Uint8Array(0), 'a, made again')
    },
  },
  {
    guarantee: 'remove/only',
    title: 'touches no other file',
    async run({ backend }) {
      for (const name of ['a', 'a.b', 'ab']) await (await createWith(backend, name, sampleBytes(100, name.length))).close()
      await backend.remove('a')
      equalNames(await backend.list(), ['a.b', 'ab'], 'names')
      await expectFile(backend, 'a.b', sampleBytes(100, 3))
      await expectFile(backend, 'ab', sampleBytes(100, 2))
    },
  },
  {
    guarantee: 'remove/not-found',
    title: 'says NOT_FOUND where there is no such file',
    async run({ backend }) {
      await rejects('NOT_FOUND', 'remove without a container', () => backend.remove('a'))
      await (await backend.create('a')).close()
      await rejects('NOT_FOUND', 'remove b', () => backend.remove('b'))
      await backend.remove('a')
      await rejects('NOT_FOUND', 'remove a again', () => backend.remove('a'))
    },
  },
  {
    guarantee: 'remove/handles',
    title: 'gives an open handle no byte of a new file of that name, or refuses while it is open',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(900, 1))
      const elsewhere = await (await reopen()).open('a')
      const done = await doneUnlessBusy(() => backend.remove('a'))
      if (done) await (await createWith(backend, 'a', sampleBytes(900, 2))).close()
      for (const handle of [file, elsewhere]) {
        const target = new Uint8Array(900)
        const error = await failure(async () => equal(await handle.read(target, 0), 900, 'bytes read'))
        if (error === undefined) equalBytes(target, sampleBytes(900, 1), 'read by the open handle')
      }
      await expectFile(backend, 'a', sampleBytes(900, done ? 2 : 1))
    },
  },
]
