import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../src/clock.js'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe("the system's clock", () => {
  test('tells the time in milliseconds since the epoch', () => {
    vi.useFakeTimers({ now: 1_700_000_000_123 })
    expect(systemClock.now()).toBe(1_700_000_000_123)
  })

  test('calls back once, when so many milliseconds have passed, and not before', () => {
    vi.useFakeTimers()
    const callback = vi.fn()
    systemClock.after(1000, true, callback)
    vi.advanceTimersByTime(999)
    expect(callback).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
    vi.advanceTimersByTime(10_000)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('calls back after that time whatever the date does', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000 })
    const callback = vi.fn()
    systemClock.after(1000, true, callback)
    vi.setSystemTime(0)
    vi.advanceTimersByTime(999)
    expect(callback).not.toHaveBeenCalled()
    vi.setSystemTime(2_000_000_000_000)
    vi.advanceTimersByTime(1)
    expect(callback).toHaveBeenCalledOnce()
  })

  test('does not call back what was taken back, and leaves no timer behind', () => {
    vi.useFakeTimers()
    const callback = vi.fn()
    const cancel = systemClock.after(1000, false, callback)
    expect(vi.getTimerCount()).toBe(1)
    cancel()
    expect(vi.getTimerCount()).toBe(0)
    vi.advanceTimersByTime(10_000)
    expect(callback).not.toHaveBeenCalled()
    // Too late, or once more: nothing happens.
    cancel()
  })

  test.each([true, false])('holds the process open only where it is told to: %s', (holdsProcess) => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const cancel = systemClock.after(1000, holdsProcess, () => {})
    const timer = timers.mock.results[0]?.value as NodeJS.Timeout
    expect(timer.hasRef()).toBe(holdsProcess)
    cancel()
    timers.mockRestore()
  })

  test('works where a timer is a number, as in a browser', () => {
    const cleared: unknown[] = []
    vi.stubGlobal('setTimeout', () => 42)
    vi.stubGlobal('clearTimeout', (timer: unknown) => cleared.push(timer))
    const cancel = systemClock.after(1000, false, () => {})
    cancel()
    expect(cleared).toEqual([42])
  })
})
