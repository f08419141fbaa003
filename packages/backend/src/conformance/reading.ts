import type { ConformanceCase } from './conformance-case.js'
import { equal, equalBytes } from './expectations.js'
import { createWith, sampleBytes } from './sample-files.js'

const large = 9 * 1024 * 1024 + 5

export const reading: readonly ConformanceCase[] = [
  {
    guarantee: 'read/exact',
    title: 'gives the bytes at any position, in any order of positions',
    async run({ backend }) {
      const content = sampleBytes(300)
      const file = await createWith(backend, 'a', content)
      for (let step = 0; step < 300; step++) {
        const position = (step * 7) % 300
        const target = new Uint8Array(1 + (step % 5))
        const count = Math.min(target.byteLength, 300 - position)
        equal(await file.read(target, position), count, `bytes read at ${position}`)
        equalBytes(target.subarray(0, count), content.subarray(position, position + count), `at ${position}`)
      }
    },
  },
  {
    guarantee: 'read/whole',
    title: 'fills a large target in one call',
    async run({ backend }) {
      const content = sampleBytes(large)
      const file = await createWith(backend, 'a', content)
      const target = new Uint8Array(large)
      equal(await file.read(target, 0), large, 'bytes read')
      equalBytes(target, content, 'content')
      equal(await file.read(target, 1000), large - 1000, 'bytes read up to the end')
      equalBytes(target.subarray(0, large - 1000), content.subarray(1000), 'content up to the end')
    },
  },
  {
    guarantee: 'read/end',
    title: 'counts the bytes before the end, and none at or behind it',
    async run({ backend }) {
      const empty = await backend.create('empty')
      equal(await empty.read(new Uint8Array(4), 0), 0, 'bytes read of an empty file')
      const file = await createWith(backend, 'a', sampleBytes(10))
      const edges = [
        [0, 10, 10],
        [0, 11, 10],
        [9, 1, 1],
        [9, 2, 1],
        [9, 4096, 1],
        [10, 1, 0],
        [10, 4096, 0],
        [11, 1, 0],
        [2 ** 32, 10, 0],
        [2 ** 40 + 3, 10, 0],
        [0, 0, 0],
        [10, 0, 0],
        [99, 0, 0],
      ] as const
      for (const [position, length, count] of edges) {
        equal(await file.read(new Uint8Array(length), position), count, `bytes of ${length} read at ${position} of 10`)
      }
    },
  },
  {
    guarantee: 'read/target',
    title: 'touches nothing around a target that is a part of a larger buffer',
    async run({ backend }) {
      const content = sampleBytes(100)
      const file = await createWith(backend, 'a', content)
      const buffer = new Uint8Array(64).fill(0xee)
      equal(await file.read(buffer.subarray(16, 32), 50), 16, 'bytes read')
      equalBytes(buffer.subarray(16, 32), content.subarray(50, 66), 'the target')
      equalBytes(buffer.subarray(0, 16), new Uint8Array(16).fill(0xee), 'before the target')
      equalBytes(buffer.subarray(32), new Uint8Array(32).fill(0xee), 'behind the target')
    },
  },
  {
    guarantee: 'read/sync',
    title: 'reads at once what it reads with a promise, where it can',
    async run({ backend }) {
      const content = sampleBytes(300)
      const file = await createWith(backend, 'a', content)
      if (!file.readSync) return
      for (const [position, length] of [
        [0, 300],
        [0, 301],
        [150, 10],
        [299, 1],
        [299, 5],
        [300, 5],
        [2 ** 33, 5],
        [7, 0],
      ] as const) {
        const atOnce = new Uint8Array(length + 4).fill(0xee)
        const target = new Uint8Array(length)
        const count = file.readSync(atOnce.subarray(2, 2 + length), position)
        equal(count, await file.read(target, position), `bytes of ${length} read at once at ${position}`)
        equalBytes(atOnce.subarray(2, 2 + count), target.subarray(0, count), `read at once at ${position}`)
        equalBytes(atOnce.subarray(0, 2), new Uint8Array(2).fill(0xee), 'before the target')
        equalBytes(atOnce.subarray(2 + length), new Uint8Array(2).fill(0xee), 'behind the target')
        const promptly = new Uint8Array(length)
        const given = file.readIfPrompt?.(promptly, position)
        if (given === undefined) continue
        equal(given, count, `bytes of ${length} read promptly at ${position}`)
        equalBytes(promptly.subarray(0, given), target.subarray(0, count), `read promptly at ${position}`)
      }
    },
  },
  {
    guarantee: 'read/sync',
    title: 'reads at once on every file or on none',
    async run({ backend, reopen }) {
      const created = await createWith(backend, 'a', sampleBytes(10))
      const opened = await backend.open('a')
      const elsewhere = await (await reopen()).open('a')
      equal(typeof opened.readSync, typeof created.readSync, 'readSync of an opened file')
      equal(typeof elsewhere.readSync, typeof created.readSync, 'readSync of a file opened elsewhere')
    },
  },
  {
    guarantee: 'size/sync',
    title: 'knows its size at once as it does with a promise, where it can, whoever changed it',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(300))
      const handles = [file, await backend.open('a'), await (await reopen()).open('a')]
      for (const change of [() => file.append([sampleBytes(50, 2)], 300), () => file.truncate(70), () => file.truncate(0)]) {
        for (const handle of handles) if (handle.sizeSync) equal(handle.sizeSync(), await handle.size(), 'size at once')
        await change()
      }
      for (const handle of handles) if (handle.sizeSync) equal(handle.sizeSync(), 0, 'size at once')
    },
  },
  {
    guarantee: 'size/sync',
    title: 'knows its size at once on every file or on none',
    async run({ backend, reopen }) {
      const created = await createWith(backend, 'a', sampleBytes(10))
      const opened = await backend.open('a')
      const elsewhere = await (await reopen()).open('a')
      equal(typeof opened.sizeSync, typeof created.sizeSync, 'sizeSync of an opened file')
      equal(typeof elsewhere.sizeSync, typeof created.sizeSync, 'sizeSync of a file opened elsewhere')
    },
  },
]
