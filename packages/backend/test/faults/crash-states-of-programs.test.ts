import { type PowerLossBackend, powerLossBackend } from '@varve/backend/faults'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { outcome } from './bytes.js'

/** What a test of its own keeps of one file: what is certain to be on the medium, and how much of that no operation since may have touched. */
interface Known {
  content: number[]
  safe: number
}

const command = fc.oneof(
  fc.record({ do: fc.constant('append' as const), size: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant('truncate' as const), part: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ do: fc.constant('sync' as const) }),
  fc.record({ do: fc.constant('fail' as const) }),
  fc.record({ do: fc.constant('rewrite' as const), part: fc.integer({ min: 0, max: 4 }) }),
)

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

async function perform(disk: PowerLossBackend, commands: readonly Command[], look: (known: Known) => void): Promise<void> {
  const file = await disk.create('a')
  const known: Known = { content: [], safe: 0 }
  let lost = false
  let next = 1
  for (const each of commands) {
    const { content } = known
    if (each.do === 'append') {
      const bytes = Uint8Array.from({ length: each.size }, () => (next = (next % 250) + 1))
      await file.append([bytes], content.length)
      content.push(...bytes)
    } else if (each.do === 'truncate') {
      content.length = Math.floor((content.length * each.part) / 4)
      await file.truncate(content.length)
      known.safe = Math.min(known.safe, content.length)
    } else if (each.do === 'fail') {
      disk.failNextSync()
      expect(await outcome(file.sync())).toBe('IO')
      lost = true
    } else if (each.do === 'sync') {
      await file.sync()
      if (!lost) known.safe = content.length
    } else {
      const from = Math.floor((content.length * each.part) / 4)
      await file.sync(from)
      // From where it was written again on it is certain; before that only where no sync has failed.
      lost &&= from > known.safe
      if (!lost) known.safe = content.length
    }
    look(known)
  }
}

test('every state of every program keeps what is safe, one of them has lost nothing, and no two are equal', async () => {
  let states = 0
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 12 }), fc.integer(), async (commands, seed) => {
      const disk = powerLossBackend()
      await perform(disk, commands, ({ content, safe }) => {
        const left = [...disk.crashStates({ seed, samples: 4 })].map((state) => ({ ...state, bytes: state.files.get('a')! }))
        states += left.length
        for (const { bytes } of left) expect([...bytes.subarray(0, safe)]).toEqual(content.slice(0, safe))
        expect(left.some(({ bytes }) => `${bytes}` === `${content}`)).toBe(true)
        expect(new Set(left.map(({ bytes }) => `${bytes}`)).size).toBe(left.length)
        expect(new Set(left.map(({ hash }) => hash)).size).toBe(left.length)
        expect([...(disk.contents().get('a') ?? [])]).toEqual(content)
      })
    }),
    { numRuns: 200 },
  )
  expect(states).toBeGreaterThan(2000)
})

test('no program leaves anything in doubt once all of it is written again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 20 }), async (commands) => {
      const disk = powerLossBackend()
      let content: number[] = []
      await perform(disk, [...commands, { do: 'rewrite', part: 0 }], (known) => {
        content = known.content
      })
      expect([...disk.crashStates()].map(({ files }) => [...(files.get('a') ?? [])])).toEqual([content])
    }),
    { numRuns: 300 },
  )
})
