import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Emitter } from '../src/emitter.js'
import { EVENT_NAMES } from '../src/events.js'
import { type Logger, silentLogger } from '../src/logger.js'

let now = 1000
let logged: string[]
let emitter: Emitter

beforeEach(() => {
  now = 1000
  logged = []
  emitter = new Emitter(logger(logged), () => now)
})

/** Keeps what it is told, with its level. */
function logger(lines: string[]): Logger {
  return {
    debug: (message) => lines.push(`debug ${message}`),
    info: (message) => lines.push(`info ${message}`),
    warn: (message) => lines.push(`warn ${message}`),
    error: (message) => lines.push(`error ${message}`),
  }
}

/** Lets what an asynchronous listener does come about. */
async function settle(): Promise<void> {
  for (let n = 0; n < 10; n++) await Promise.resolve()
}

describe('listeners', () => {
  test('are called in the order they came, with the event and when it happened', () => {
    const seen: unknown[] = []
    emitter.on('rotate', (event) => seen.push(['first', event]))
    emitter.on('rotate', (event) => seen.push(['second', event]))
    emitter.emit('rotate', { from: 3, to: 4 })
    now = 2000
    emitter.emit('rotate', { from: 4, to: 5 })
    expect(seen).toEqual([
      ['first', { from: 3, to: 4, timestamp: 1000 }],
      ['second', { from: 3, to: 4, timestamp: 1000 }],
      ['first', { from: 4, to: 5, timestamp: 2000 }],
      ['second', { from: 4, to: 5, timestamp: 2000 }],
    ])
  })

  test('are called at once, before emit returns', () => {
    const listener = vi.fn()
    emitter.on('start', listener)
    emitter.emit('start', { nextSequence: 7 })
    expect(listener).toHaveBeenCalledOnce()
  })

  test('share one event, which none of them can change', () => {
    const seen: object[] = []
    emitter.on('start', (event) => seen.push(event))
    emitter.on('start', (event) => seen.push(event))
    emitter.emit('start', { nextSequence: 7 })
    expect(seen[0]).toBe(seen[1])
    expect(Object.isFrozen(seen[0])).toBe(true)
  })

  test('hear of their own event only', () => {
    const heard: string[] = []
    for (const name of EVENT_NAMES) emitter.on(name, () => heard.push(name))
    emitter.emit('destroyDb', {})
    emitter.emit('stop', { nextSequence: 1 })
    expect(heard).toEqual(['destroyDb', 'stop'])
  })

  test('are known to be there, so that nobody gathers what nobody hears', () => {
    expect(emitter.has('write')).toBe(false)
    const off = emitter.on('write', () => {})
    expect(emitter.has('write')).toBe(true)
    expect(emitter.has('sync')).toBe(false)
    off()
    expect(emitter.has('write')).toBe(false)
  })

  test('that come during an event hear the next one', () => {
    const late = vi.fn()
    const off = emitter.on('start', () => {
      off()
      emitter.on('start', late)
    })
    emitter.emit('start', { nextSequence: 1 })
    expect(late).not.toHaveBeenCalled()
    emitter.emit('start', { nextSequence: 2 })
    expect(late).toHaveBeenCalledExactlyOnceWith({ nextSequence: 2, timestamp: 1000 })
  })

  test('are functions, of events that there are', () => {
    expect(() => emitter.on('write', undefined as never)).toThrow(new TypeError('a listener is a function, not undefined'))
    expect(() => emitter.on('wriet' as never, () => {})).toThrow(TypeError)
    expect(() => emitter.on('wriet' as never, () => {})).toThrow(/"wriet".*start, stop, write/)
    expect(() => emitter.on('toString' as never, () => {})).toThrow(TypeError)
  })
})

describe('the function that takes a listener off', () => {
  test('takes it off, and no other', () => {
    const [first, second] = [vi.fn(), vi.fn()]
    const off = emitter.on('start', first)
    emitter.on('start', second)
    off()
    emitter.emit('start', { nextSequence: 1 })
    expect(first).not.toHaveBeenCalled()
    expect(second).toHaveBeenCalledOnce()
  })

  test('does nothing the second time', () => {
    const listener = vi.fn()
    const off = emitter.on('start', listener)
    off()
    emitter.on('start', listener)
    off()
    emitter.emit('start', { nextSequence: 1 })
    expect(listener).toHaveBeenCalledOnce()
  })

  test('knows one registration from another of the same function', () => {
    const listener = vi.fn()
    const off = emitter.on('start', listener)
    emitter.on('start', listener)
    emitter.emit('start', { nextSequence: 1 })
    expect(listener).toHaveBeenCalledTimes(2)
    off()
    emitter.emit('start', { nextSequence: 2 })
    expect(listener).toHaveBeenCalledTimes(3)
  })

  test('can be called by the listener itself, and keeps nobody from hearing', () => {
    const second = vi.fn()
    const off: () => void = emitter.on('start', () => off())
    emitter.on('start', second)
    emitter.emit('start', { nextSequence: 1 })
    emitter.emit('start', { nextSequence: 2 })
    expect(second).toHaveBeenCalledTimes(2)
  })

  test('holds from the moment it returns, also in the midst of an event', () => {
    const second = vi.fn()
    emitter.on('start', () => offSecond())
    const offSecond = emitter.on('start', second)
    emitter.emit('start', { nextSequence: 1 })
    expect(second).not.toHaveBeenCalled()
  })
})

describe('a listener that fails', () => {
  test('is told as a failure that is not fatal, and keeps no other from hearing', () => {
    const error = new Error('the listener is broken')
    const seen: unknown[] = []
    emitter.on('start', () => {
      throw error
    })
    emitter.on('start', (event) => seen.push(event))
    emitter.on('failure', (event) => seen.push(event))
    emitter.emit('start', { nextSequence: 1 })
    // Each event in full before the next.
    expect(seen).toEqual([
      { nextSequence: 1, timestamp: 1000 },
      { error, fatal: false, timestamp: 1000 },
    ])
    expect(logged).toContain("error a listener of 'start' failed: Error: the listener is broken")
  })

  test('later, by a promise, is told the same', async () => {
    const error = new Error('the listener is broken')
    const failure = vi.fn()
    emitter.on('failure', failure)
    emitter.on('start', async () => {
      throw error
    })
    emitter.emit('start', { nextSequence: 1 })
    expect(failure).not.toHaveBeenCalled()
    now = 1500
    await settle()
    expect(failure).toHaveBeenCalledExactlyOnceWith({ error, fatal: false, timestamp: 1500 })
    expect(logged).toContain("error a listener of 'start' failed: Error: the listener is broken")
  })

  test('by any thenable, one that throws from then included, is told the same', () => {
    const failure = vi.fn()
    emitter.on('failure', failure)
    // biome-ignore lint/suspicious/noThenProperty: what a listener gives back may be of any promise library.
    emitter.on('start', () => ({ then: (_: unknown, reject: (reason: unknown) => void) => reject(new Error('rejected')) }))
    emitter.on('start', () => ({
      // biome-ignore lint/suspicious/noThenProperty: the same.
      then: () => {
        throw new Error('thrown')
      },
    }))
    emitter.emit('start', { nextSequence: 1 })
    expect(failure.mock.calls.map(([{ error }]) => error.message)).toEqual(['rejected', 'thrown'])
  })

  test('with something that is no error is told with an error that says what it was', () => {
    const failure = vi.fn()
    emitter.on('failure', failure)
    emitter.on('start', () => {
      // biome-ignore lint/style/useThrowOnlyError: a listener may throw anything.
      throw 'just text'
    })
    emitter.emit('start', { nextSequence: 1 })
    const [{ error }] = failure.mock.calls[0] as [{ error: Error }]
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe("a listener of 'start' threw just text")
    expect(error.cause).toBe('just text')
  })

  test("with something that can't be put into words is told all the same", () => {
    const failure = vi.fn()
    emitter.on('failure', failure)
    emitter.on('start', () => {
      throw Object.create(null)
    })
    emitter.emit('start', { nextSequence: 1 })
    expect(failure.mock.calls[0]?.[0]).toMatchObject({ fatal: false, error: { message: "a listener of 'start' threw object" } })
  })

  test('of failures is told to the log alone, and to nobody again and again', async () => {
    let calls = 0
    emitter.on('failure', () => {
      calls++
      throw new Error('broken too')
    })
    emitter.on('failure', async () => {
      calls++
      throw new Error('and this one')
    })
    emitter.on('start', () => {
      throw new Error('broken')
    })
    emitter.emit('start', { nextSequence: 1 })
    await settle()
    expect(calls).toBe(2)
    expect(logged.filter((line) => line.includes('a listener'))).toEqual([
      "error a listener of 'start' failed: Error: broken",
      "error a listener of 'failure' failed: Error: broken too",
      "error a listener of 'failure' failed: Error: and this one",
    ])
  })

  test('is told to the log where nobody listens for failures', () => {
    emitter.on('start', () => {
      throw new Error('broken')
    })
    emitter.emit('start', { nextSequence: 1 })
    expect(logged).toContain("error a listener of 'start' failed: Error: broken")
  })
})

describe('a listener that is asynchronous', () => {
  test('keeps nobody waiting', () => {
    const second = vi.fn()
    emitter.on('start', () => new Promise(() => {}))
    emitter.on('start', second)
    emitter.emit('start', { nextSequence: 1 })
    emitter.emit('start', { nextSequence: 2 })
    expect(second).toHaveBeenCalledTimes(2)
  })

  test('that comes to a good end is no failure', async () => {
    const failure = vi.fn()
    emitter.on('failure', failure)
    emitter.on('start', async () => 5)
    emitter.on('start', () => ({ next: 5 }))
    emitter.on('start', () => null)
    emitter.emit('start', { nextSequence: 1 })
    await settle()
    expect(failure).not.toHaveBeenCalled()
    expect(logged.filter((line) => line.startsWith('error'))).toEqual([])
  })
})

test('an event that a listener causes comes when all have heard of the first', () => {
  const seen: string[] = []
  emitter.on('start', () => {
    seen.push('start, first')
    emitter.emit('stop', { nextSequence: 1 })
  })
  emitter.on('start', () => seen.push('start, second'))
  emitter.on('stop', () => seen.push('stop'))
  emitter.emit('start', { nextSequence: 1 })
  expect(seen).toEqual(['start, first', 'start, second', 'stop'])
})

describe('the logger', () => {
  test('is told of every event, whether anybody listens or not, as loud as it matters', () => {
    emitter.emit('start', { nextSequence: 7 })
    emitter.emit('rotate', { from: 1, to: 2 })
    emitter.emit('recover', { cut: [{ index: 2, position: 100, bytes: 5, removed: false }] })
    emitter.emit('failure', { error: new Error('no space'), fatal: false })
    emitter.emit('stop', { nextSequence: 8 })
    expect(logged).toEqual([
      'info start {"nextSequence":7}',
      'debug rotate {"from":1,"to":2}',
      'warn recover {"cut":[{"index":2,"position":100,"bytes":5,"removed":false}]}',
      'error failure: no space',
      'info stop {"nextSequence":8}',
    ])
  })

  test('that throws stops nothing: every listener hears of every event', async () => {
    const refuse = (): never => {
      throw new Error('the disk of the log is full')
    }
    const broken = new Emitter({ debug: refuse, info: refuse, warn: refuse, error: refuse }, () => now)
    const heard: string[] = []
    broken.on('failure', ({ error }) => heard.push(error.message))
    broken.on('start', () => {
      throw new Error('broken')
    })
    broken.on('start', async () => {
      throw new Error('broken later')
    })
    broken.on('start', () => heard.push('start'))
    broken.emit('start', { nextSequence: 1 })
    await settle()
    expect(heard).toEqual(['start', 'broken', 'broken later'])
  })

  test('that is silent costs nothing: no event is put into words for it', () => {
    const quiet = new Emitter(silentLogger, () => now)
    const toJSON = vi.fn()
    quiet.emit('rotate', { from: { toJSON } as never, to: 2 })
    emitter.emit('rotate', { from: { toJSON } as never, to: 2 })
    expect(toJSON).toHaveBeenCalledOnce()
  })
})
