import { describe, expect, test } from 'vitest'
import { Limiter } from '../src/read/limiter.js'
import { stateOf } from './support/event-loop.js'

describe('a limiter', () => {
  test('lets so many in at once, and the others as places become free, first come first served', async () => {
    const limiter = new Limiter(2)
    const order: number[] = []
    const enter = async (n: number): Promise<void> => {
      await limiter.enter()
      order.push(n)
    }
    const entries = [1, 2, 3, 4, 5].map(enter)
    await Promise.all(entries.slice(0, 2))
    expect(await stateOf(entries[2] as Promise<void>)).toBe('pending')
    expect(order).toEqual([1, 2])
    limiter.leave()
    await entries[2]
    expect(await stateOf(entries[3] as Promise<void>)).toBe('pending')
    limiter.leave()
    limiter.leave()
    await Promise.all(entries)
    expect(order).toEqual([1, 2, 3, 4, 5])
  })

  test('takes a place at once only where one is free', async () => {
    const limiter = new Limiter(1)
    expect(limiter.tryEnter()).toBe(true)
    expect(limiter.tryEnter()).toBe(false)
    limiter.leave()
    expect(limiter.tryEnter()).toBe(true)
  })

  test('gives a place to who waits before anyone who comes later', async () => {
    const limiter = new Limiter(1)
    await limiter.enter()
    const waiting = limiter.enter()
    limiter.leave()
    expect(limiter.tryEnter()).toBe(false)
    await waiting
    limiter.leave()
    expect(limiter.tryEnter()).toBe(true)
  })
})
