import { expect, it } from 'vitest'
import { median } from '../src/statistics.js'

it('takes the middle value, whatever the order', () => {
  expect(median([3, 1, 100])).toBe(3)
})

it('takes the mean of the two in the middle', () => {
  expect(median([4, 1, 2, 100])).toBe(3)
})
