import type { ConformanceCase } from './conformance-case.js'
import { equal, equalBytes, equalNames } from './expectations.js'
import { createWith, expectContent, joined, sampleBytes } from './sample-files.js'

export const overlapping: readonly ConformanceCase[] = [
  {
    guarantee: 'overlap/reads',
    title: 'gives each of many simultaneous reads its own bytes',
    async run({ backend }) {
      const content = sampleBytes(64 * 1024)
      const file = await createWith(backend, 'a', content)
      await Promise.all(
        Array.from({ length: 128 }, async (_, index) => {
          const position = (index * 509) % 60_000
          const target = new Uint8Array(1 + (index % 7) * 300)
          equal(await file.read(target, position), target.byteLength, `bytes of read ${index}`)
          equalBytes(target, content.subarray(position, position + target.byteLength), `read ${index}`)
        }),
      )
    },
  },
  {
    guarantee: 'overlap/files',
    title: 'keeps simultaneous appends, cuts and syncs of different files apart',
    async run({ backend }) {
      await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const file = await backend.create(`data${index}`)
          const parts: Uint8Array[] = []
          for (let round = 0, end = 0; round < 5; round++) {
            const part = sampleBytes(5000 + index * 100 + round, index * 10 + round)
            await file.append([part.slice(0, 1000), part.slice(1000)], end)
            if (round === 2) await file.truncate(end + 4000)
            parts.push(round === 2 ? part.subarray(0, 4000) : part)
            end += parts.at(-1)!.byteLength
            if (round === 3) await file.sync()
          }
          await expectContent(file, joined(...parts), `file ${index}`)
        }),
      )
    },
  },
  {
    guarantee: 'overlap/files',
    title: 'keeps simultaneous changes of names apart',
    async run({ backend }) {
      const numbers = Array.from({ length: 8 }, (_, index) => index)
      for (const number of numbers) {
        for (const name of [`old${number}`, `moved${number}`]) await (await backend.create(name)).close()
      }
      await Promise.all(
        numbers.flatMap((number) => [
          backend.create(`new${number}`),
          backend.remove(`old${number}`),
          backend.replace(`moved${number}`, `to${number}`),
          backend.list(),
        ]),
      )
      equalNames(
        await backend.list(),
        numbers.flatMap((number) => [`new${number}`, `to${number}`]),
        'names',
      )
    },
  },
  {
    guarantee: 'overlap/append',
    title: 'gives the bytes that were there while more are appended and synced',
    async run({ backend }) {
      const content = sampleBytes(10_000)
      const file = await createWith(backend, 'a', content)
      const reader = await backend.open('a')
      for (let round = 0, end = 10_000; round < 5; round++) {
        const part = sampleBytes(300_000, round + 2)
        const append = file.append([part], end).then(() => file.sync())
        const reads = Array.from({ length: 16 }, async (_, index) => {
          const target = new Uint8Array(500)
          equal(await (index % 2 === 0 ? file : reader).read(target, index * 600), 500, `bytes of read ${index}`)
          equalBytes(target, content.subarray(index * 600, index * 600 + 500), `read ${index}`)
        })
        await Promise.all([append, ...reads])
        end += part.byteLength
      }
    },
  },
]
