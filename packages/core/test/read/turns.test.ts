import { expect, test } from 'vitest'
import { Turns } from '../../src/read/turns.js'
import { countTurns, turn } from '../support/turns.js'

const TURN_NS = 64_000

test('lets the event loop turn however much is asked for at once, and serves in order', async () => {
  const turns = new Turns()
  const passed = countTurns()
  const served: number[] = []
  const all = Array.from({ length: 2000 }, (_, n) => n)
  await Promise.all(
    all.map(
      (n) =>
        new Promise<void>((resolve) => {
          turns.wait(() => {
            turns.spend(TURN_NS / 200)
            served.push(n)
            resolve()
          })
        }),
    ),
  )
  expect(passed.stop()).toBeGreaterThanOrEqual(8)
  expect(served).toEqual(all)
})

test('gives a turn as much as fits it by what it took, not by how much there was of it', async () => {
  const turns = new Turns()
  turns.spend(TURN_NS)
  const served: number[] = []
  for (const ns of [TURN_NS - 2, 1, 1, TURN_NS, 1]) {
    turns.wait(() => {
      turns.spend(ns)
      served.push(ns)
    })
  }
  const inTurns: number[] = []
  while (served.length < 5) {
    await turn()
    inTurns.push(served.length)
  }
  expect([...new Set(inTurns)].filter((count) => count > 0)).toEqual([3, 4, 5])
})

test('refuses what is asked for at once while others wait', async () => {
  const turns = new Turns()
  expect(turns.isOpen).toBe(true)
  turns.spend(TURN_NS)
  expect(turns.isOpen).toBe(false)
  const waiting = new Promise<void>((resolve) => turns.wait(resolve))
  expect(turns.isOpen).toBe(false)
  await waiting
  expect(turns.isOpen).toBe(true)
})
