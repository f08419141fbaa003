import { expect, test } from 'vitest'
import { PromptReads } from '../src/prompt-reads.js'

/** Reads of a medium that takes as long as it is told, and how many of a number of reads were made at once. */
function medium() {
  let now = 0
  const state = { ms: 0.002 }
  const prompt = new PromptReads(() => now)
  const target = new Uint8Array(8)
  const readNow = () => {
    now += state.ms
    return 8
  }
  const madeOf = (reads: number): number => {
    let made = 0
    for (let n = 0; n < reads; n++) if (prompt.read(0, target, 0, readNow) !== undefined) made++
    return made
  }
  return { state, madeOf }
}

test('reads at once for as long as that is quick', () => {
  expect(medium().madeOf(10_000)).toBe(10_000)
})

test('leaves reads to others once one had to wait, and lets ever fewer wait for a medium that stays slow', () => {
  const { state, madeOf } = medium()
  madeOf(1)
  state.ms = 8
  expect(madeOf(64)).toBeLessThanOrEqual(4)
  expect(madeOf(100_000)).toBeLessThan(40)
})

test('comes back when the medium is quick again, and is as wary as in the beginning', () => {
  const { state, madeOf } = medium()
  state.ms = 8
  madeOf(50_000)
  state.ms = 0.002
  madeOf(4097)
  expect(madeOf(1000)).toBe(1000)
  state.ms = 8
  madeOf(4)
  state.ms = 0.002
  expect(madeOf(1000)).toBeGreaterThan(900)
})
