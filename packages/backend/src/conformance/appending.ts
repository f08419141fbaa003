import type { ConformanceCase } from './conformance-case.js'
import { equal, equalBytes, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, joined, sampleBytes } from './sample-files.js'

const large = 17 * 1024 * 1024 + 3

export const appending: readonly ConformanceCase[] = [
  {
    guarantee: 'append/order',
    title: 'lays chunks down one after the other, empty ones among them',
    async run({ backend }) {
      const file = await backend.create('a')
      const empty = new Uint8Array(0)
      const chunks = [empty, sampleBytes(3, 1), sampleBytes(5, 2), empty, sampleBytes(1, 3), empty]
      await file.append(chunks, 0)
      await expectContent(file, joined(...chunks), 'six chunks')
      await file.append([empty], 9)
      await file.append([empty, empty], 9)
      await expectContent(file, joined(...chunks), 'after appends of nothing')
    },
  },
  {
    guarantee: 'append/order',
    title: 'takes 1024 chunks in one call',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(10))
      const chunks = Array.from({ length: 1024 }, (_, index) => sampleBytes(index % 50, index))
      await file.append(chunks, 10)
      await expectContent(file, joined(sampleBytes(10), ...chunks), '1024 chunks')
    },
  },
  {
    guarantee: 'append/views',
    title: 'writes the part of a buffer that a chunk is',
    async run({ backend }) {
      const file = await backend.create('a')
      const buffer = sampleBytes(1000)
      await file.append([buffer.subarray(100, 200), new Uint8Array(buffer.buffer, 700, 50), buffer.subarray(0, 1)], 0)
      await expectContent(file, joined(buffer.slice(100, 200), buffer.slice(700, 750), buffer.slice(0, 1)), 'three views')
    },
  },
  {
    guarantee: 'append/end-only',
    title: 'refuses every position but the end, and writes nothing',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      for (const position of [0, 50, 99, 101, 200, 2 ** 32 + 100]) {
        await rejects('CONFLICT', `append at ${position} of 100`, () => file.append([sampleBytes(10, 2)], position))
        await expectContent(file, sampleBytes(100), `after an append at ${position}`)
      }
      await file.append([sampleBytes(10, 2)], 100)
      await expectContent(file, joined(sampleBytes(100), sampleBytes(10, 2)), 'after an append at the end')
    },
  },
  {
    guarantee: 'append/end-only',
    title: 'knows where the end is when another handle moved it',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      const other = await (await reopen()).open('a')
      await file.append([sampleBytes(20, 2)], 100)
      await rejects('CONFLICT', 'append at the former end', () => other.append([sampleBytes(5, 3)], 100))
      await file.truncate(50)
      await rejects('CONFLICT', 'append behind the end', () => other.append([sampleBytes(5, 3)], 120))
      await expectContent(file, sampleBytes(100).subarray(0, 50), 'the file')
    },
  },
  {
    guarantee: 'append/continues',
    title: 'goes on where the last append ended, across handles and processes',
    async run({ backend, reopen }) {
      const backends = [backend, await reopen()]
      const parts = Array.from({ length: 12 }, (_, index) => sampleBytes(1 + index * 37, index))
      let end = 0
      let file = await backend.create('a')
      for (const [index, part] of parts.entries()) {
        await file.append([part], end)
        end += part.byteLength
        if (index % 3 !== 2) continue
        await file.close()
        file = await backends[index % 2]!.open('a')
      }
      await expectContent(file, joined(...parts), 'twelve appends')
    },
  },
  {
    guarantee: 'append/visible',
    title: 'shows every handle what was appended, before any sync',
    async run({ backend, reopen }) {
      const file = await createWith(backend, 'a', sampleBytes(100))
      const handles = [await backend.open('a'), await (await reopen()).open('a')]
      await file.append([sampleBytes(60, 2)], 100)
      for (const handle of handles) {
        // A process that knows nothing of space taken ahead may find zeros behind the end.
        const target = new Uint8Array(160)
        equal(await handle.read(target, 0), 160, 'bytes read')
        equalBytes(target, joined(sampleBytes(100), sampleBytes(60, 2)), 'read by another handle')
      }
      equal(await handles[0]!.size(), 160, 'size')
    },
  },
  {
    guarantee: 'append/chunks',
    title: 'neither changes the chunks nor keeps them',
    async run({ backend, reopen }) {
      const file = await backend.create('a')
      const first = sampleBytes(4096, 1)
      const second = sampleBytes(100, 2)
      const chunks = [first, new Uint8Array(0), second]
      const list = [...chunks]
      await file.append(chunks, 0)
      equal(chunks.length, 3, 'chunks after the call')
      for (const [index, chunk] of chunks.entries()) equal(chunk, list[index]!, `chunk ${index} after the call`)
      equalBytes(first, sampleBytes(4096, 1), 'the first chunk after the call')
      equalBytes(second, sampleBytes(100, 2), 'the last chunk after the call')
      first.fill(0)
      second.fill(0)
      await file.sync()
      await expectContent(file, joined(sampleBytes(4096, 1), sampleBytes(100, 2)), 'after the buffers were used again')
      await file.sync(0)
      await file.close()
      await expectFile(await reopen(), 'a', joined(sampleBytes(4096, 1), sampleBytes(100, 2)), 'from elsewhere')
    },
  },
  {
    guarantee: 'append/large',
    title: 'takes many megabytes in one chunk',
    async run({ backend }) {
      const file = await createWith(backend, 'a', sampleBytes(1))
      await file.append([sampleBytes(large, 2)], 1)
      await expectContent(file, joined(sampleBytes(1), sampleBytes(large, 2)), 'one large chunk')
    },
  },
  {
    guarantee: 'append/large',
    title: 'takes many megabytes in 1024 chunks',
    async run({ backend }) {
      const content = sampleBytes(large, 3)
      const size = Math.ceil(large / 1024)
      const file = await backend.create('a')
      await file.append(
        Array.from({ length: 1024 }, (_, index) => content.subarray(index * size, (index + 1) * size)),
        0,
      )
      await expectContent(file, content, '1024 large chunks')
    },
  },
]
