import { BackendError } from '@varve/backend'
import { describeBackend } from '@varve/backend/conformance'
import { act, die, fail, faultyBackend, hold, powerLossBackend, shorten } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { contentOf, durable, letters, outcome, text } from './bytes.js'

describeBackend('faultyBackend without a fault', { make: () => ({ backend: faultyBackend(powerLossBackend()) }) })

/** Whether a promise is settled once everything has run that can. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turn = 0; turn < 200; turn++) await Promise.resolve()
  return settled
}

describe('without a fault', () => {
  test('keeps the newest calls of a long run, and counts them all', async () => {
    const backend = faultyBackend(powerLossBackend())
    for (let call = 0; call < 200_010; call++) await backend.list()
    expect([backend.calls.length, backend.calls[0]?.number, backend.count()]).toEqual([100_000, 100_011, 200_010])
  })

  test('numbers and logs every call of every kind, with its outcome', async () => {
    const backend = faultyBackend(powerLossBackend())
    const lock = await backend.lock()
    const file = await backend.create('a')
    await file.append([text('abc'), text('de')], 0)
    await file.sync()
    await file.read(new Uint8Array(7), 1)
    file.readSync?.(new Uint8Array(2), 3)
    await file.truncate(4)
    await file.sync(2)
    await file.size()
    await file.close()
    backend.openSync?.('a')
    await outcome(backend.open('b'))
    await backend.replace('a', 'c')
    await backend.remove('c')
    await backend.list()
    await lock.release()
    await backend.destroy()
    const told = backend.calls.map(({ number, kind, name, to, position, size, outcome: result }) =>
      [number, kind, name, to, position, size, result].filter((value) => value !== undefined).join(' '),
    )
    expect(told).toEqual([
      '1 lock done',
      '2 create a done',
      '3 append a 0 5 done',
      '4 sync a done',
      '5 read a 1 7 done',
      '6 readSync a 3 2 done',
      '7 truncate a 4 done',
      '8 sync a 2 done',
      '9 size a done',
      '10 close a done',
      '11 openSync a done',
      '12 open b NOT_FOUND',
      '13 replace a c done',
      '14 remove c done',
      '15 list done',
      '16 release done',
      '17 destroy done',
    ])
    expect(backend.calls.filter(({ kind }) => kind === 'sync').map(({ ofKind }) => ofKind)).toEqual([1, 2])
    expect([backend.count(), backend.count('sync'), backend.count('open'), backend.count('size'), backend.faults]).toEqual([17, 2, 1, 1, 0])
  })

  test('has the methods that answer at once only where the inner backend has them', async () => {
    const without = faultyBackend(powerLossBackend({ synchronous: false }))
    expect(without.openSync).toBeUndefined()
    expect((await without.create('a')).readSync).toBeUndefined()
  })

  test('knows what is open and locked', async () => {
    const backend = faultyBackend(powerLossBackend())
    const lock = await backend.lock()
    const file = await backend.create('a')
    const again = await backend.open('a')
    expect([backend.openFiles, backend.locks]).toEqual([['a', 'a'], 1])
    await file.close()
    await again.close()
    await again.close()
    await lock.release()
    expect([backend.openFiles, backend.locks]).toEqual([[], 0])
  })
})

describe('fail', () => {
  test('rejects with the code, and names the call in the message', async () => {
    const backend = faultyBackend(powerLossBackend(), { kind: 'sync', nth: 2, fault: fail('NO_SPACE') })
    const file = await durable(backend, 'a', 'abc')
    const error = await file.sync(1).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(BackendError)
    expect(error).toMatchObject({ code: 'NO_SPACE', message: 'injected NO_SPACE at call 4: sync a at 1' })
    expect(backend.calls.at(-1)).toMatchObject({ outcome: 'NO_SPACE', fault: 'fails with NO_SPACE before taking effect' })
    expect(backend.faults).toBe(1)
    await file.sync()
  })

  test('has no effect before, and all of it after', async () => {
    for (const [when, expected] of [
      ['before', 'abc'],
      ['after', 'abcdef'],
    ] as const) {
      const inner = powerLossBackend()
      const file = await durable(faultyBackend(inner, { kind: 'append', nth: 2, fault: fail('IO', { when }) }), 'a', 'abc')
      expect(await outcome(file.append([text('def')], 3))).toBe('IO')
      expect(await contentOf(inner, 'a')).toBe(expected)
    }
  })

  test('gives back the handle or lock that the caller never sees', async () => {
    const inner = powerLossBackend()
    const backend = faultyBackend(inner, { times: 4, fault: fail('IO', { when: 'after' }) })
    expect(await outcome(backend.create('a'))).toBe('IO')
    expect(await outcome(backend.open('a'))).toBe('IO')
    expect(() => backend.openSync?.('a')).toThrow('injected IO')
    expect(await outcome(backend.lock())).toBe('IO')
    expect([await inner.list(), inner.openFiles, inner.locked]).toEqual([['a'], 0, false])
    expect([backend.openFiles, backend.locks]).toEqual([[], 0])
  })

  test('leaves the handle open where close fails before, and closed where it fails after', async () => {
    const inner = powerLossBackend()
    const backend = faultyBackend(inner, [
      { kind: 'close', nth: 1, fault: fail('IO') },
      { kind: 'close', nth: 2, fault: fail('IO', { when: 'after' }) },
    ])
    const file = await backend.create('a')
    expect(await outcome(file.close())).toBe('IO')
    expect([inner.openFiles, backend.openFiles]).toEqual([1, ['a']])
    expect(await outcome(file.close())).toBe('IO')
    expect([inner.openFiles, backend.openFiles]).toEqual([0, []])
  })

  test('makes a call that answers at once throw', async () => {
    const file = await durable(faultyBackend(powerLossBackend(), { kind: 'readSync', fault: fail('PERMISSION') }), 'a', 'abc')
    expect(() => file.readSync?.(new Uint8Array(1), 0)).toThrow('injected PERMISSION at call 4: readSync a 1 bytes at 0')
    expect(file.readSync?.(new Uint8Array(1), 0)).toBe(1)
  })

  test('leaves the error to the inner backend where that fails too', async () => {
    const backend = faultyBackend(powerLossBackend(), { kind: 'open', fault: fail('IO', { when: 'after' }) })
    expect(await outcome(backend.open('a'))).toBe('NOT_FOUND')
  })
})

describe('shorten', () => {
  test.each([
    [0, ''],
    [1, 'a'],
    [2, 'ab'],
    [3, 'abc'],
    [5, 'abcde'],
    [99, 'abcde'],
  ])('appends the first %i bytes, across chunks, and rejects', async (bytes, expected) => {
    const inner = powerLossBackend()
    const file = await faultyBackend(inner, { fault: shorten(bytes) }).create('a')
    expect(await outcome(file.append([text('ab'), text(''), text('cde')], 0))).toBe('NO_SPACE')
    expect(await contentOf(inner, 'a')).toBe(expected)
  })

  test('rejects an append with another code, and asks a function how many bytes are left', async () => {
    const inner = powerLossBackend()
    const file = await faultyBackend(inner, { fault: shorten((size) => size - 1, { code: 'IO' }) }).create('a')
    expect(await outcome(file.append([text('abc')], 0))).toBe('IO')
    expect(await contentOf(inner, 'a')).toBe('ab')
  })

  test('reads fewer bytes, and scribbles over the rest of the target', async () => {
    const file = await durable(
      faultyBackend(powerLossBackend(), [{ kind: ['read', 'readSync'], times: 2, fault: shorten(2) }]),
      'a',
      'abcdef',
    )
    const target = text('zzzzz')
    expect(await file.read(target, 1)).toBe(2)
    expect(letters(target)).toBe('bc###')
    expect(file.readSync?.(target, 2)).toBe(2)
    expect(letters(target)).toBe('cd###')
    expect(await file.read(target, 1)).toBe(5)
  })

  test('never reads more than there was', async () => {
    const file = await durable(faultyBackend(powerLossBackend(), { kind: 'read', fault: shorten(9) }), 'a', 'abc')
    expect(await file.read(new Uint8Array(5), 1)).toBe(2)
  })
})

describe('hold', () => {
  test('makes a call wait without effect until it is released', async () => {
    const inner = powerLossBackend()
    const gate = hold()
    const file = await faultyBackend(inner, { kind: 'append', fault: gate }).create('a')
    const append = file.append([text('abc')], 0)
    expect(await gate.reached).toMatchObject({ kind: 'append', name: 'a', size: 3 })
    expect([await isSettled(append), gate.waiting, await contentOf(inner, 'a')]).toEqual([false, 1, ''])
    gate.release()
    await append
    expect([gate.waiting, await contentOf(inner, 'a')]).toEqual([0, 'abc'])
  })

  test('makes only the answer wait after the effect', async () => {
    const inner = powerLossBackend()
    const gate = hold({ when: 'after' })
    const file = await faultyBackend(inner, { kind: 'append', fault: gate }).create('a')
    const append = file.append([text('abc')], 0)
    await gate.reached
    expect([await isSettled(append), await contentOf(inner, 'a')]).toEqual([false, 'abc'])
    gate.release()
    await append
  })

  test('fails what waits, without effect or with it', async () => {
    for (const [when, names, open] of [
      ['before', [], 0],
      ['after', ['a'], 0],
    ] as const) {
      const inner = powerLossBackend()
      const gate = hold({ when })
      const created = faultyBackend(inner, { kind: 'create', fault: gate }).create('a')
      await gate.reached
      gate.fail('NO_SPACE')
      expect(await outcome(created)).toBe('NO_SPACE')
      expect([await inner.list(), inner.openFiles]).toEqual([names, open])
    }
  })

  test('holds any number of calls at one gate, and lets later ones pass', async () => {
    const gate = hold()
    const backend = faultyBackend(powerLossBackend(), { kind: 'list', times: Number.POSITIVE_INFINITY, fault: gate })
    const lists = [backend.list(), backend.list()]
    await gate.reached
    expect([gate.waiting, await isSettled(lists[0]!), await isSettled(lists[1]!)]).toEqual([2, false, false])
    gate.release()
    await Promise.all(lists)
    expect(await backend.list()).toEqual([])
  })

  test('lets close wait for the calls that are held, and refuses those that come after it', async () => {
    const gate = hold()
    const file = await durable(faultyBackend(powerLossBackend(), { kind: 'read', fault: gate }), 'a', 'abc')
    const reading = file.read(new Uint8Array(3), 0)
    const closing = file.close()
    expect(await isSettled(closing)).toBe(false)
    expect(await outcome(file.size())).toBe('IO')
    gate.release()
    expect(await reading).toBe(3)
    await closing
  })
})

describe('die', () => {
  test.each([
    ['before', ''],
    ['after', 'abc'],
  ] as const)('ends the process %s the effect, and answers nothing from then on', async (when, expected) => {
    const inner = powerLossBackend()
    const backend = faultyBackend(inner, { kind: 'append', fault: die({ when }) })
    const file = await backend.create('a')
    const append = file.append([text('abc')], 0)
    expect(await backend.died).toMatchObject({ kind: 'append', name: 'a' })
    const calls = [append, file.size(), backend.list(), file.close()]
    for (const call of calls) expect(await isSettled(call)).toBe(false)
    expect(() => file.readSync?.(new Uint8Array(1), 0)).toThrow('the process is dead')
    expect(() => backend.openSync?.('a')).toThrow('the process is dead')
    expect(backend.calls.slice(1).map((call) => call.outcome)).toEqual(Array.from({ length: 6 }, () => 'unanswered'))
    expect(await contentOf(inner, 'a')).toBe(expected)
  })

  test.each(['before', 'after'] as const)('does not answer the calls either that are under way, %s their effect', async (when) => {
    const gate = hold({ when })
    const backend = faultyBackend(powerLossBackend(), [
      { kind: 'list', fault: gate },
      { kind: 'create', fault: die() },
    ])
    const list = backend.list()
    await gate.reached
    void backend.create('a')
    await backend.died
    gate.release()
    expect(await isSettled(list)).toBe(false)
    expect(backend.calls[0]?.outcome).toBe('unanswered')
  })

  test('lets nothing take effect that was held when it died', async () => {
    const inner = powerLossBackend()
    const gate = hold()
    const backend = faultyBackend(inner, [
      { name: 'a', fault: gate },
      { name: 'b', fault: die() },
    ])
    void backend.create('a')
    void backend.create('b')
    await backend.died
    gate.release()
    await backend.end()
    expect(await inner.list()).toEqual([])
  })

  test('rejects every later call where it is told to', async () => {
    const backend = faultyBackend(powerLossBackend(), { kind: 'lock', fault: die({ calls: 'reject' }) })
    const file = await backend.create('a')
    expect(await outcome(backend.lock())).toBe('IO')
    expect(await outcome(file.sync())).toBe('IO')
    expect(await outcome(backend.list())).toBe('IO')
  })

  test.each(['before', 'after'] as const)('makes a call throw that answers at once, %s the effect', async (when) => {
    const inner = powerLossBackend()
    await durable(inner, 'a', 'abc')
    const backend = faultyBackend(inner, { fault: die({ when }) })
    expect(() => backend.openSync?.('a')).toThrow('the process is dead at call 1: openSync a')
    expect(await backend.died).toMatchObject({ kind: 'openSync' })
    expect(await backend.end()).toEqual({ files: when === 'after' ? ['a'] : [], locks: 0 })
    const failing = faultyBackend(inner, { fault: die({ when }) })
    expect(() => failing.openSync?.('b')).toThrow('the process is dead')
    expect(await failing.died).toMatchObject({ kind: 'openSync', name: 'b' })
  })

  test('is the last call also where the inner backend fails it', async () => {
    const backend = faultyBackend(powerLossBackend(), { fault: die({ when: 'after', calls: 'reject' }) })
    await outcome(backend.open('a'))
    expect(await backend.died).toMatchObject({ kind: 'open' })
  })
})

describe('end', () => {
  test('gives back every handle and lock, and says what there was', async () => {
    const inner = powerLossBackend()
    const backend = faultyBackend(inner)
    await backend.lock()
    await backend.create('a')
    await (await backend.create('b')).close()
    await backend.open('b')
    expect(await backend.end()).toEqual({ files: ['a', 'b'], locks: 1 })
    expect([inner.openFiles, inner.locked]).toEqual([0, false])
    expect(await backend.end()).toEqual({ files: ['a', 'b'], locks: 1 })
    expect(await isSettled(backend.list())).toBe(false)
  })

  test('gives back the lock last, so that nobody comes in before everything is closed', async () => {
    const inner = faultyBackend(powerLossBackend())
    const backend = faultyBackend(inner)
    await backend.lock()
    await backend.create('a')
    await backend.create('b')
    await backend.end()
    expect(inner.calls.slice(3).map(({ kind }) => kind)).toEqual(['close', 'close', 'release'])
  })

  test('gives back what was obtained by a call that was never answered', async () => {
    const inner = powerLossBackend()
    const backend = faultyBackend(inner, { kind: 'create', fault: die({ when: 'after' }) })
    await backend.lock()
    void backend.create('a')
    await backend.died
    expect(await backend.end()).toEqual({ files: ['a'], locks: 1 })
    expect([inner.openFiles, inner.locked]).toEqual([0, false])
  })

  test('waits for what is under way in the inner backend, but not for what is held', async () => {
    const disk = powerLossBackend()
    const [slow, held] = [hold({ when: 'after' }), hold()]
    const backend = faultyBackend(faultyBackend(disk, { kind: 'create', fault: slow }), { kind: 'list', fault: held })
    void backend.create('a')
    void backend.list()
    await Promise.all([slow.reached, held.reached])
    const ended = backend.end()
    expect(await isSettled(ended)).toBe(false)
    slow.release()
    expect(await ended).toEqual({ files: ['a'], locks: 0 })
    expect(disk.openFiles).toBe(0)
  })

  test('does not wait for a close that waits for what is held', async () => {
    const disk = powerLossBackend()
    const gate = hold()
    const backend = faultyBackend(disk, { kind: 'append', fault: gate })
    const file = await backend.create('a')
    void file.append([text('abc')], 0)
    void file.close()
    await gate.reached
    await backend.end()
    expect([disk.openFiles, await contentOf(disk, 'a')]).toEqual([0, ''])
  })
})

describe('act', () => {
  test('does something in the inner backend first, waits for it, and lets the call go on', async () => {
    const inner = powerLossBackend()
    const told: unknown[] = []
    const fault = act('a file appears', async (call, backend) => {
      told.push(call.number, call.kind)
      await (await backend.create('b')).close()
    })
    const backend = faultyBackend(inner, { kind: 'list', fault })
    expect(await backend.list()).toEqual(['b'])
    expect(told).toEqual([1, 'list'])
    expect(backend.calls[0]).toMatchObject({ fault: 'a file appears', outcome: 'done' })
  })

  test('does not let the call go on where the process dies meanwhile', async () => {
    const inner = powerLossBackend()
    let goOn = () => {}
    const fault = act('waits', () => new Promise<void>((resolve) => (goOn = resolve)))
    const backend = faultyBackend(inner, [
      { kind: 'create', fault },
      { kind: 'list', fault: die() },
    ])
    void backend.create('a')
    void backend.list()
    await backend.died
    goOn()
    for (let turn = 0; turn < 50; turn++) await Promise.resolve()
    expect(await inner.list()).toEqual([])
  })

  test('does it before a call that answers at once', async () => {
    const file = await durable(
      faultyBackend(powerLossBackend(), { kind: 'readSync', fault: act('', (_, inner) => void inner.remove('a')) }),
      'a',
      'abc',
    )
    expect(file.readSync?.(new Uint8Array(3), 0)).toBe(3)
  })
})

describe('inject', () => {
  test('adds to the plan until it is taken out again, and counts from then on', async () => {
    const backend = faultyBackend(powerLossBackend())
    await backend.list()
    const takeOut = backend.inject({ kind: 'list', nth: 2, times: 2, fault: fail('IO') })
    expect([await outcome(backend.list()), await outcome(backend.list())]).toEqual(['done', 'IO'])
    takeOut()
    expect(await outcome(backend.list())).toBe('done')
  })

  test('asks what was added last first', async () => {
    const backend = faultyBackend(powerLossBackend(), { kind: 'list', times: 2, fault: fail('IO') })
    backend.inject({ kind: 'list', fault: fail('PERMISSION') })
    expect([await outcome(backend.list()), await outcome(backend.list()), await outcome(backend.list())]).toEqual([
      'PERMISSION',
      'IO',
      'done',
    ])
  })
})

test('an error of the inner backend that is none of the contract is logged as such', () => {
  const inner = powerLossBackend()
  const backend = faultyBackend({
    ...{ description: inner.description, list: () => inner.list(), open: (name: string) => inner.open(name) },
    ...{ create: (name: string) => inner.create(name), replace: (from: string, to: string) => inner.replace(from, to) },
    ...{ remove: (name: string) => inner.remove(name), destroy: () => inner.destroy(), lock: () => inner.lock() },
    openSync: () => {
      throw new RangeError('out of bounds')
    },
  })
  expect(() => backend.openSync?.('a')).toThrow(RangeError)
  expect(backend.calls.at(-1)).toMatchObject({ kind: 'openSync', outcome: 'Error' })
})
