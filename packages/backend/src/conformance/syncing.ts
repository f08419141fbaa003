import type { ConformanceCase } from './conformance-case.js'
import { createWith, expectContent, expectFile, joined, sampleBytes } from './sample-files.js'

export const syncing: readonly ConformanceCase[] = [
  {
    guarantee: 'sync/keeps',
    title: 'changes no byte, with or without anything to sync',
    async run({ backend, reopen }) {
      const file = await backend.create('a')
      await file.sync()
      await expectContent(file, new Uint8Array(0), 'the new file')
      await file.append([sampleBytes(5000)], 0)
      await file.sync()
      await file.sync()
      await expectContent(file, sampleBytes(5000), 'appended to')
      await file.truncate(4000)
      await file.sync()
      await expectContent(file, sampleBytes(5000).subarray(0, 4000), 'cut')
      await file.close()
      await expectFile(await reopen(), 'a', sampleBytes(5000).subarray(0, 4000), 'from elsewhere')
    },
  },
  {
    guarantee: 'sync/rewrites',
    title: 'keeps every byte, from wherever it writes again',
    async run({ backend }) {
      const empty = await backend.create('empty')
      await empty.sync(0)
      await expectContent(empty, new Uint8Array(0), 'an empty file')
      const file = await createWith(backend, 'a', sampleBytes(1000))
      for (const from of [1000, 999, 513, 512, 511, 1, 0]) {
        await file.sync(from)
        await expectContent(file, sampleBytes(1000), `written again from ${from}`)
      }
    },
  },
  {
    guarantee: 'sync/rewrites',
    title: 'keeps every byte of many megabytes, and goes on at the end',
    async run({ backend, reopen }) {
      const content = sampleBytes(5 * 1024 * 1024 + 7)
      await (await createWith(backend, 'a', content)).close()
      const file = await backend.open('a')
      await file.sync(77)
      await file.append([sampleBytes(9, 2)], content.byteLength)
      await expectContent(file, joined(content, sampleBytes(9, 2)), 'written again and appended to')
      await file.close()
      await expectFile(await reopen(), 'a', joined(content, sampleBytes(9, 2)), 'from elsewhere')
    },
  },
]
