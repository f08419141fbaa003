import type { ConformanceCase } from './conformance-case.js'
import { equal, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, joined, sampleBytes } from './sample-files.js'

export const truncating: readonly ConformanceCase[] = [
  {
    guarantee: 'truncate/cuts',
    title: 'cuts to any size down to nothing, and keeps what is before',
    async run({ backend }) {
      const content = sampleBytes(9000)
      const file = await createWith(backend, 'a', content)
      for (const size of [9000, 8999, 4097, 4096, 1, 0, 0]) {
        await file.truncate(size)
        await expectContent(file, content.subarray(0, size), `cut to ${size}`)
      }
    },
  },
  {
    guarantee: 'truncate/gone',
    title: 'goes on at the new end, and nothing that was cut comes back',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(1000))
      await file.truncate(10)
      await file.append([sampleBytes(5, 2)], 10)
      await expectContent(file, joined(sampleBytes(10), sampleBytes(5, 2)), 'cut and appended to')
      await file.truncate(0)
      await file.append([sampleBytes(3, 3)], 0)
      await file.sync()
      await file.close()
      await expectFile(await reopen(), 'a', sampleBytes(3, 3), 'from elsewhere')
    },
  },
  {
    guarantee: 'truncate/bounds',
    title: 'refuses to extend a file',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      for (const size of [101, 4096, 2 ** 33]) {
        await rejects('CONFLICT', `truncate 100 bytes to ${size}`, () => file.truncate(size))
        await expectContent(file, sampleBytes(100), `after a cut to ${size}`)
      }
    },
  },
  {
    guarantee: 'truncate/bounds',
    title: 'refuses a size that is no size',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      for (const size of [-1, -100, 0.5, 99.9, Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
        await rejects('CONFLICT', `truncate to ${size}`, () => file.truncate(size))
        await expectContent(file, sampleBytes(100), `after a cut to ${size}`)
      }
    },
  },
  {
    guarantee: 'truncate/visible',
    title: 'shows every handle that the file was cut',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      const handles = [await backend.open('a'), await (await reopen()).open('a')]
      await file.truncate(40)
      for (const handle of handles) {
        equal(await handle.size(), 40, 'size')
        equal(await handle.read(new Uint8Array(100), 0), 40, 'bytes read')
      }
    },
  },
]
