import { describe, expect, it } from 'vitest'
import { bootstrapInterval, median, signTest } from '../src/statistics.js'

it('takes the middle value, whatever the order', () => {
  expect(median([3, 1, 100])).toBe(3)
})

it('takes the mean of the two in the middle', () => {
  expect(median([4, 1, 2, 100])).toBe(3)
})

describe('the interval of a ratio', () => {
  it('holds the ratio, and is the same each time', () => {
    const ratios = [0.9, 0.92, 0.88, 0.91, 0.9, 0.89, 0.93, 0.9]
    const { low, high } = bootstrapInterval(ratios, 0.95)
    expect(low).toBeGreaterThan(0.88)
    expect(low).toBeLessThan(0.9)
    expect(high).toBeGreaterThan(0.9)
    expect(high).toBeLessThan(0.93)
    expect(bootstrapInterval(ratios, 0.95)).toEqual({ low, high })
  })

  it('is wider where more confidence is asked for, and where the ratios differ more', () => {
    const width = (ratios: number[], confidence: number) => {
      const { low, high } = bootstrapInterval(ratios, confidence)
      return high - low
    }
    expect(width([0.8, 1, 1.2, 0.9, 1.1], 0.99)).toBeGreaterThan(width([0.8, 1, 1.2, 0.9, 1.1], 0.8))
    expect(width([0.8, 1, 1.2, 0.9, 1.1], 0.95)).toBeGreaterThan(width([0.98, 1, 1.02, 0.99, 1.01], 0.95))
  })
})

describe('the sign test', () => {
  it('finds it improbable that all of many ratios lie on one side by chance', () => {
    expect(signTest(Array(10).fill(0.9))).toBeCloseTo(2 / 2 ** 10)
  })

  it('finds nothing in as many on one side as on the other, nor in no difference', () => {
    expect(signTest([0.9, 1.1, 0.8, 1.2])).toBe(1)
    expect(signTest([1, 1, 1])).toBe(1)
  })

  it('takes both sides into account', () => {
    // 1 of 8 on either side: 2 × (1 + 8) / 256.
    expect(signTest([1.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])).toBeCloseTo(18 / 256)
  })
})
