import type { ConformanceCase } from './conformance-case.js'
import { doneUnlessBusy, ensure, equal, equalBytes, equalNames, failure, rejects } from './expectations.js'
import { createWith, expectContent, expectFile, joined, sampleBytes } from './sample-files.js'

export const replacing: readonly ConformanceCase[] = [
  {
    guarantee: 'replace/takes-place',
    title: 'gives a file the name of another, in whose place it is',
    async run({ backend, reopen }) {
      await (await createWith(backend, 'to', sampleBytes(900, 1))).close()
      await (await createWith(backend, 'from', sampleBytes(100, 2))).close()
      await backend.replace('from', 'to')
      await expectFile(backend, 'to', sampleBytes(100, 2))
      await expectFile(await reopen(), 'to', sampleBytes(100, 2), 'to, from elsewhere')
    },
  },
  {
    guarantee: 'replace/takes-place',
    title: 'gives a file a name that nobody has, and it goes on being that file',
    async run({ backend }) {
      await (await createWith(backend, 'from', sampleBytes(100, 2))).close()
      await backend.replace('from', 'to')
      const file = await backend.open('to')
      await file.append([sampleBytes(7, 3)], 100)
      await expectContent(file, joined(sampleBytes(100, 2), sampleBytes(7, 3)), 'to')
    },
  },
  {
    guarantee: 'replace/moves',
    title: 'takes the old name away, which is free again',
    async run({ backend }) {
      await (await createWith(backend, 'to', sampleBytes(900, 1))).close()
      await (await createWith(backend, 'from', sampleBytes(100, 2))).close()
      await backend.replace('from', 'to')
      equalNames(await backend.list(), ['to'], 'names')
      await rejects('NOT_FOUND', 'open from', () => backend.open('from'))
      const file = await createWith(backend, 'from', sampleBytes(3, 3))
      await expectContent(file, sampleBytes(3, 3), 'from, made again')
      await expectFile(backend, 'to', sampleBytes(100, 2))
    },
  },
  {
    guarantee: 'replace/not-found',
    title: 'says NOT_FOUND where there is nothing to move, and leaves the other as it is',
    async run({ backend }) {
      await rejects('NOT_FOUND', 'replace without a container', () => backend.replace('from', 'to'))
      await (await createWith(backend, 'to', sampleBytes(900, 1))).close()
      await rejects('NOT_FOUND', 'replace from to', () => backend.replace('from', 'to'))
      equalNames(await backend.list(), ['to'], 'names')
      await expectFile(backend, 'to', sampleBytes(900, 1))
    },
  },
  {
    guarantee: 'replace/one-step',
    title: 'shows one of the two files whole to whoever opens the name meanwhile',
    async run({ backend, reopen }) {
      const other = await reopen()
      await (await createWith(backend, 'to', sampleBytes(5000, 0))).close()
      let done = false
      let free: Promise<void> | undefined
      const readers = [backend, other].map(async (reader) => {
        let opened = 0
        while (!done) {
          await free
          const file = await reader.open('to')
          const target = new Uint8Array(5000)
          const error = await failure(() => file.read(target, 0))
          await file.close()
          // A medium on which an open handle dies with its file rejects; what it gives must be one of the files.
          if (error === undefined) equalBytes(target, sampleBytes(5000, target[0] === sampleBytes(1, 0)[0] ? 0 : 1), 'to')
          opened++
        }
        return opened
      })
      const replace = async () => {
        let release = () => {}
        while (!(await doneUnlessBusy(() => backend.replace('from', 'to')))) {
          // An open file forbids it: the readers finish with theirs, and wait.
          free ??= new Promise((resolve) => {
            release = resolve
          })
        }
        free = undefined
        release()
      }
      const replacements = (async () => {
        try {
          for (let round = 1; round <= 20; round++) {
            await (await createWith(backend, 'from', sampleBytes(5000, round % 2))).close()
            await replace()
          }
        } finally {
          done = true
        }
      })()
      const [, ...opened] = await Promise.all([replacements, ...readers])
      ensure(
        opened.every((count) => Number(count) > 0),
        'readers that opened the file',
      )
    },
  },
  {
    guarantee: 'replace/handles',
    title: 'gives an open handle no byte of the file that took the place, or refuses while it is open',
    async run({ backend, reopen }) {
      const to = await createWith(backend, 'to', sampleBytes(900, 1))
      const elsewhere = await (await reopen()).open('to')
      await (await createWith(backend, 'from', sampleBytes(900, 2))).close()
      const done = await doneUnlessBusy(() => backend.replace('from', 'to'))
      for (const handle of [to, elsewhere]) {
        const target = new Uint8Array(900)
        const error = await failure(async () => equal(await handle.read(target, 0), 900, 'bytes read'))
        if (error === undefined) equalBytes(target, sampleBytes(900, 1), 'read by the open handle')
      }
      await expectFile(backend, 'to', sampleBytes(900, done ? 2 : 1))
      equalNames(await backend.list(), done ? ['to'] : ['from', 'to'], 'names')
    },
  },
]
