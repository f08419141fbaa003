import { expect, test, vi } from 'vitest'
import { nodePlatform } from '../../src/platform/node.js'
import { portablePlatform } from '../../src/platform/portable.js'

/** Those that the platform adds, beside what the test runner may have there. */
function listeners(): NodeJS.BeforeExitListener[] {
  return process.listeners('beforeExit')
}

function beforeExit(before: readonly NodeJS.BeforeExitListener[]): Promise<unknown> {
  const added = listeners().filter((listener) => !before.includes(listener))
  return Promise.all(added.map((listener) => listener.call(process, 0)))
}

test('a program that ends by itself flushes what asked for it, and all at once', async () => {
  const before = listeners()
  let release = (): void => {}
  const both = new Promise<void>((resolve) => {
    release = resolve
  })
  const first = vi.fn(() => both)
  const second = vi.fn(async () => release())
  const forgetFirst = nodePlatform.onNaturalExit(first)
  const forgetSecond = nodePlatform.onNaturalExit(second)
  // The first waits for the second: one after the other would never end.
  await beforeExit(before)
  expect([first, second].map((flush) => flush.mock.calls.length)).toEqual([1, 1])
  forgetFirst()
  forgetSecond()
})

test('nothing is flushed that was taken back', async () => {
  const before = listeners()
  const kept = vi.fn(async () => {})
  const takenBack = vi.fn(async () => {})
  const forgetKept = nodePlatform.onNaturalExit(kept)
  const forget = nodePlatform.onNaturalExit(takenBack)
  forget()
  await beforeExit(before)
  expect(kept).toHaveBeenCalledOnce()
  expect(takenBack).not.toHaveBeenCalled()
  forgetKept()
})

test('a program with many stores listens once, and with none not at all', () => {
  const before = listeners()
  const forget = Array.from({ length: 20 }, () => nodePlatform.onNaturalExit(async () => {}))
  expect(listeners()).toHaveLength(before.length + 1)
  for (const one of forget) one()
  expect(listeners()).toEqual(before)
  // Taking it back twice takes nobody else's away.
  const forgetLast = nodePlatform.onNaturalExit(async () => {})
  forget[0]?.()
  expect(listeners()).toHaveLength(before.length + 1)
  forgetLast()
  expect(listeners()).toEqual(before)
})

test('on other platforms nobody is told, and taking it back does nothing', () => {
  const flush = vi.fn(async () => {})
  const forget = portablePlatform.onNaturalExit(flush)
  expect(forget()).toBeUndefined()
  expect(flush).not.toHaveBeenCalled()
})
