import { expect, test } from 'vitest'
import { contentOf } from '../src/programs/item-content.js'

test('items that are under way at the same time are told apart, however small they are', () => {
  for (const size of [1, 2, 7]) {
    const contents = Array.from({ length: 256 }, (_, number) => contentOf(1000 + number, size).join())
    expect(new Set(contents).size).toBe(256)
  }
})
