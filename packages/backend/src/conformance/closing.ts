import type { BackendFile } from '../file-backend.js'
import type { ConformanceCase } from './conformance-case.js'
import { equal, equalBytes, rejects } from './expectations.js'
import { createWith, expectContent, sampleBytes } from './sample-files.js'

export const closing: readonly ConformanceCase[] = [
  {
    guarantee: 'close/twice',
    title: 'does nothing for a file that is closed, or being closed',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(10))
      await Promise.all([file.close(), file.close()])
      await file.close()
      // The handle's number may have been given to another file by now.
      const other = await createWith(backend, 'b', sampleBytes(10, 2))
      await file.close()
      await expectContent(other, sampleBytes(10, 2), 'another file')
    },
  },
  {
    guarantee: 'close/rejects',
    title: 'refuses every call after it with IO, and changes nothing',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(10))
      await file.close()
      const target = new Uint8Array(4)
      const calls: { [method: string]: () => unknown } = {
        size: () => file.size(),
        read: () => file.read(target, 0),
        'read at the end': () => file.read(target, 10),
        'read into nothing': () => file.read(new Uint8Array(0), 0),
        append: () => file.append([sampleBytes(4)], 10),
        'append of nothing': () => file.append([new Uint8Array(0)], 10),
        truncate: () => file.truncate(5),
        sync: () => file.sync(),
        'sync with rewriteFrom': () => file.sync(0),
      }
      if (file.sizeSync) calls.sizeSync = () => file.sizeSync?.()
      if (file.readSync) calls.readSync = () => file.readSync?.(target, 0)
      if (file.readIfPrompt) calls.readIfPrompt = () => file.readIfPrompt?.(target, 0)
      const other = await backend.open('a')
      for (const [method, call] of Object.entries(calls)) await rejects('IO', `${method} after close`, call)
      await expectContent(other, sampleBytes(10), 'the file')
      equalBytes(target, new Uint8Array(4), 'the target')
    },
  },
  {
    guarantee: 'close/waits',
    title: 'lets the calls finish that are under way',
    async run({ backend }) {
      const content = sampleBytes(256 * 1024)
      await (await createWith(backend, 'a', content)).close()
      const file = await backend.open('a')
      const targets = Array.from({ length: 16 }, () => new Uint8Array(100_000))
      const reads = targets.map((target, index) => file.read(target, index * 10_000))
      const close = file.close()
      // Whoever opens next may get the same handle: a read that is still to come would read the other file.
      const next = await createWith(backend, 'b', sampleBytes(256 * 1024, 2))
      for (const [index, count] of (await Promise.all(reads)).entries()) {
        equal(count, 100_000, `bytes of read ${index}`)
        equalBytes(targets[index]!, content.subarray(index * 10_000, index * 10_000 + 100_000), `read ${index}`)
      }
      await close
      await expectContent(next, sampleBytes(256 * 1024, 2), 'the next file')
    },
  },
  {
    guarantee: 'close/waits',
    title: 'lets an append finish that is under way',
    async run({ backend }) {
      const content = sampleBytes(3 * 1024 * 1024)
      const file = await backend.create('a')
      const append = file.append([content.slice()], 0)
      await file.close()
      await append
      await expectContent(await backend.open('a'), content, 'the file')
    },
  },
  {
    guarantee: 'close/own',
    title: 'leaves every other handle open',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(10))
      const handles: BackendFile[] = [
        await backend.open('a'),
        await (await reopen()).open('a'),
        await createWith(backend, 'b', sampleBytes(10)),
      ]
      await file.close()
      for (const handle of handles) await expectContent(handle, sampleBytes(10), 'another handle')
    },
  },
]
