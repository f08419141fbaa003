import { expect, test } from 'vitest'
import { PromptWrites } from '../src/prompt-writes.js'

const KiB = 1024

/** Writes, each of which takes as many milliseconds as the next number says, or none. */
function writes(...durations: number[]) {
  let now = 0
  const prompt = new PromptWrites(() => now)
  const write = (length = 10) =>
    prompt.write(3, [new Uint8Array(length)], length, 0, () => {
      now += durations.shift() ?? 0
      return length
    })
  /** How many in a row are left to others. */
  const leftAside = () => {
    let count = 0
    while (write() === undefined) count++
    return count
  }
  return { write, leftAside }
}

test('small amounts are written at once, large ones are not', () => {
  const { write } = writes()
  expect(write(1)).toBe(1)
  expect(write(128 * KiB)).toBe(128 * KiB)
  expect(write(128 * KiB + 1)).toBeUndefined()
})

test('where one was slow the next are left to another thread, and ever more of them while it stays slow', () => {
  const { write, leftAside } = writes(5, 5, 5)
  expect(write()).toBe(10)
  expect(leftAside()).toBe(64)
  expect(leftAside()).toBe(128)
  expect(leftAside()).toBe(256)
  expect(leftAside()).toBe(0)
})

test('however slow it is, one in some thousands finds out whether that has changed', () => {
  const { write, leftAside } = writes(...new Array<number>(20).fill(50))
  write()
  for (let n = 0; n < 10; n++) leftAside()
  expect(leftAside()).toBe(4096)
})

test('what was quick again counts as quick', () => {
  const { write, leftAside } = writes(5, 0, 5)
  write()
  expect(leftAside()).toBe(64)
  write()
  expect(leftAside()).toBe(64)
})

test('a write that fails is an error, and counts as any other', () => {
  const prompt = new PromptWrites()
  const fail = () => {
    throw new Error('no space')
  }
  expect(() => prompt.write(3, [new Uint8Array(1)], 1, 0, fail)).toThrow('no space')
})
