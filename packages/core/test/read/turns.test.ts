import { expect, test } from 'vitest'
import { Turns } from '../../src/read/turns.js'

test('lets the event loop turn however much is asked for at once, and serves in order', async () => {
  const turns = new Turns()
  let passed = 0
  let over = false
  const count = (): void => {
    passed++
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  const served: number[] = []
  await Promise.all(Array.from({ length: 2560 }, (_, n) => turns.take(1).then(() => served.push(n))))
  over = true
  expect(passed).toBeGreaterThanOrEqual(8)
  expect(served).toEqual(Array.from(served, (_, n) => n))
})

test('refuses what is asked for at once while others wait', async () => {
  const turns = new Turns()
  while (turns.tryTake(1));
  const waiting = turns.take(1)
  expect(turns.tryTake(1)).toBe(false)
  await waiting
  expect(turns.tryTake(1)).toBe(true)
})
