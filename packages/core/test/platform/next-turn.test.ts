import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { nodePlatform } from '../../src/platform/node.js'
import type { Platform } from '../../src/platform/platform.js'
import { portablePlatform } from '../../src/platform/portable.js'

class PortWithoutUnref {
  onmessage: (() => void) | null = null
  peer: PortWithoutUnref | undefined
  readonly #later = setImmediate

  postMessage(): void {
    this.#later(() => this.peer?.onmessage?.())
  }
}

/** As in a browser, where a port holds no program and knows no unref. */
class BrowserChannel {
  readonly port1 = new PortWithoutUnref()
  readonly port2 = new PortWithoutUnref()

  constructor() {
    this.port2.peer = this.port1
  }
}

/** The portable platform as it is where `MessageChannel` is something else. */
async function portableWith(channel: unknown): Promise<Platform> {
  vi.resetModules()
  vi.stubGlobal('MessageChannel', channel)
  const { portablePlatform } = await import('../../src/platform/portable.js')
  // The channel is made at the first use.
  await turn(portablePlatform)
  return portablePlatform
}

function turn(platform: Platform): Promise<void> {
  return new Promise((resolve) => platform.nextTurn(resolve))
}

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

describe.each([
  ['node', async () => nodePlatform],
  ['portable', async () => portablePlatform],
  ['portable in a browser', async () => portableWith(BrowserChannel)],
  ['portable without MessageChannel', async () => portableWith(undefined)],
])('a turn of the %s platform', (_, load) => {
  let platform: Platform

  beforeEach(async () => {
    platform = await load()
  })

  test('comes when everything that was ready to run has run', async () => {
    const seen: string[] = []
    const done = new Promise<void>((resolve) =>
      platform.nextTurn(() => {
        seen.push('turn')
        resolve()
      }),
    )
    for (let n = 0; n < 100; n++) await Promise.resolve()
    seen.push('microtasks')
    await done
    expect(seen).toEqual(['microtasks', 'turn'])
  })

  test('never comes before nextTurn has returned', () => {
    let called = false
    platform.nextTurn(() => {
      called = true
    })
    expect(called).toBe(false)
  })

  test('comes in the order it was asked for', async () => {
    const seen: number[] = []
    for (let n = 0; n < 10; n++) platform.nextTurn(() => seen.push(n))
    await turn(platform)
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('asked for within a turn is another one: what became ready in between runs first', async () => {
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      platform.nextTurn(() => {
        void Promise.resolve().then(() => seen.push('microtask'))
        platform.nextTurn(() => {
          seen.push('second turn')
          resolve()
        })
        seen.push('first turn')
      })
    })
    expect(seen).toEqual(['first turn', 'microtask', 'second turn'])
  })

  test('lets timers in, however many follow one another', async () => {
    let isDue = false
    setTimeout(() => {
      isDue = true
    }, 0)
    // Never ends where turns keep timers out.
    while (!isDue) await turn(platform)
    expect(isDue).toBe(true)
  })

  test('comes under fake timers too: a test that stops the clock does not stop a store', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'Date'] })
    let turns = 0
    await turn(platform)
    turns++
    await turn(platform)
    turns++
    expect(turns).toBe(2)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('the port that the portable platform sends itself messages through holds no program open', async () => {
  const unref = vi.fn()
  class NodeLikeChannel extends BrowserChannel {
    override readonly port1 = Object.assign(new PortWithoutUnref(), { unref })

    constructor() {
      super()
      this.port2.peer = this.port1
    }
  }
  const platform = await portableWith(NodeLikeChannel)
  await turn(platform)
  expect(unref).toHaveBeenCalledOnce()
})
