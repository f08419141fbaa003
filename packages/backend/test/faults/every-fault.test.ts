import {
  act,
  die,
  everyFault,
  type FaultAttempt,
  FaultViolation,
  fail,
  fittingFaults,
  type PowerLossBackend,
  powerLossBackend,
} from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { append, holds, type Ledger, type Mistakes, TinyLog } from './tiny-log.js'

interface World {
  readonly backend: PowerLossBackend
  readonly ledger: Ledger
}

/** Opens a log, appends three lines, goes on after one that fails; afterwards a log must have what was acknowledged. */
function program(mistakes: Mistakes) {
  return {
    make: (): World => ({ backend: powerLossBackend(), ledger: { durable: [], maybe: [] } }),
    run: async (backend: Parameters<typeof TinyLog.open>[0], { ledger }: World) => {
      const log = await TinyLog.open(backend, mistakes)
      try {
        for (const line of ['first', 'second', 'third']) await append(log, ledger, line).catch(() => undefined)
      } finally {
        await log.close()
      }
    },
    check: async ({ backend, ledger }: World, { left }: FaultAttempt) => {
      expect(left.files).toEqual([])
      // A line whose append failed may be there; one before it that failed too may not.
      const { durable, maybe } = ledger
      const log = await TinyLog.open(backend)
      expect(log.lines.filter((line) => durable.includes(line))).toEqual(durable)
      expect([...durable, ...maybe]).toEqual(expect.arrayContaining(log.lines))
      await log.close()
      expect([backend.openFiles, backend.locked]).toEqual([0, false])
    },
  }
}

describe('a program that keeps its promise', () => {
  test('passes with each fault that fits each of its calls', async () => {
    const report = await everyFault(program({}))
    // list, create, size, read, sync, three times append and sync, close.
    expect(report.calls).toBe(12)
    const count = (kind: 'list' | 'create' | 'size' | 'read' | 'sync' | 'append' | 'close') => fittingFaults[kind].length
    expect(report.ofKind).toEqual({
      list: count('list'),
      create: count('create'),
      size: count('size'),
      read: count('read'),
      append: 3 * count('append'),
      sync: 4 * count('sync'),
      close: count('close'),
    })
    expect(report.faults).toBe(Object.values(report.ofKind).reduce((sum, each) => sum + each, 0))
  })

  test('passes with faults that stay', async () => {
    const report = await everyFault({ ...program({}), persistent: true })
    expect(report.faults).toBeGreaterThan(40)
  })

  test('passes when its process dies at each of its calls', async () => {
    const deaths: string[] = []
    const report = await everyFault({
      ...program({}),
      faultsFor: () => [die(), die({ when: 'after' }), die({ calls: 'reject' })],
      check: async ({ backend, ledger }, { call, completed }) => {
        deaths.push(`${call?.number} ${completed}`)
        expect([backend.openFiles, backend.locked]).toEqual([0, false])
        holds(await TinyLog.open(backend), ledger)
      },
    })
    expect(report.faults).toBe(12 * 3)
    expect(deaths.slice(0, 2)).toEqual(['undefined true', '1 false'])
  })

  test('passes when a sync fails and loses what it was about, whenever the power goes afterwards', async () => {
    const { make, run } = program({})
    const report = await everyFault({
      make,
      run,
      faultsFor: ({ kind }) => (kind === 'sync' ? [act('loses its pages', (_, inner) => (inner as PowerLossBackend).failNextSync())] : []),
      check: async ({ backend, ledger }) => {
        for (const state of backend.crashStates()) holds(await TinyLog.open(state.backend()), { ...ledger })
      },
    })
    expect(report.ofKind).toEqual({ sync: 4 })
  })
})

describe('a mistake', () => {
  test.each<[keyof Mistakes, RegExp]>([
    ['leavesHalfAppend', /^call \d+: append log \d+ bytes at \d+ .*/],
    ['leaksHandle', /^call \d+: (size|read|sync) log.* fails with IO/],
  ])('is caught: %s', async (mistake, message) => {
    const violation = await everyFault(program({ [mistake]: true })).catch((error: unknown) => error)
    expect(violation).toBeInstanceOf(FaultViolation)
    expect((violation as FaultViolation).message).toMatch(message)
  })

  test('is caught: a failed sync that is tried again', async () => {
    const { make, run } = program({ triesFailedSyncAgain: true })
    const loop = everyFault({
      make,
      run,
      faultsFor: ({ kind }) => (kind === 'sync' ? [act('loses its pages', (_, inner) => (inner as PowerLossBackend).failNextSync())] : []),
      check: async ({ backend, ledger }) => {
        for (const state of backend.crashStates()) holds(await TinyLog.open(state.backend()), { ...ledger })
      },
    })
    await expect(loop).rejects.toThrow(/^call \d+: sync log loses its pages: .* is none of/)
  })
})

describe('the loop', () => {
  const world = () => ({ backend: powerLossBackend() })

  test('tells the check what happened', async () => {
    const attempts: FaultAttempt[] = []
    await everyFault({
      make: world,
      run: async (backend) => {
        await backend.lock()
        await backend.create('a').catch(() => undefined)
      },
      faultsFor: () => [fail('IO')],
      check: (_, attempt) => void attempts.push(attempt),
    })
    expect(attempts.map(({ call, completed, left }) => [call?.kind, completed, left.files.length, left.locks])).toEqual([
      [undefined, true, 1, 1],
      ['lock', false, 0, 0],
      ['create', true, 0, 1],
      // Once more, to find that there is no third call.
      [undefined, true, 1, 1],
    ])
    expect(attempts[1]).toMatchObject({ error: { code: 'IO' }, fault: { description: 'fails with IO before taking effect' } })
    expect(attempts[1]?.calls.map(({ outcome }) => outcome)).toEqual(['IO'])
  })

  test('rejects where the program fails without any fault', async () => {
    const loop = everyFault({ make: world, run: async (backend) => backend.open('a'), check: () => undefined })
    await expect(loop).rejects.toThrow(/^without any fault: .*there is no file a/)
  })

  test('says what was thrown, where that is no error', async () => {
    const word = 'a word' as unknown as Error
    const run = () => Promise.reject(word)
    await expect(everyFault({ make: world, run, check: () => undefined })).rejects.toThrow(/^without any fault: .*a word/)
  })

  test('rejects where the check fails without any fault', async () => {
    const check = () => {
      throw new Error('never content')
    }
    await expect(everyFault({ make: world, run: async () => undefined, check })).rejects.toThrow('without any fault: never content')
  })

  test('strikes every later call of the kind where the fault stays', async () => {
    const struck: string[] = []
    await everyFault({
      make: world,
      persistent: true,
      faultsFor: ({ kind }) => (kind === 'list' ? [fail('IO')] : []),
      run: async (backend) => {
        for (const call of [() => backend.list(), () => backend.lock(), () => backend.list()]) await call().catch(() => undefined)
      },
      check: (_, { calls }) => void struck.push(calls.map(({ outcome }) => outcome).join(' ')),
    })
    expect(struck).toEqual(['done done done', 'IO done IO', 'done done done', 'done done IO', 'done done done'])
  })

  test('goes on with the next call where a run does not come to the one before it', async () => {
    // Without a fault; the first call with its first fault; not coming to it with its second; both faults of the second call; no third call.
    const calls = [2, 2, 0, 2, 2, 2]
    const report = await everyFault({
      make: world,
      faultsFor: () => [fail('IO'), fail('PERMISSION')],
      run: async (backend) => {
        for (let left = calls.shift() ?? 0; left > 0; left--) await backend.list().catch(() => undefined)
      },
      check: () => undefined,
    })
    expect(report).toEqual({ calls: 2, faults: 3, ofKind: { list: 3 } })
  })

  test('ends with a program whose calls differ from run to run', async () => {
    let runs = 0
    const report = await everyFault({
      make: world,
      run: async (backend) => {
        const calls = runs++ % 3
        for (let call = 0; call < calls; call++) await backend.list().catch(() => undefined)
      },
      check: () => undefined,
    })
    expect(report.calls).toBe(0)
    expect(report.faults).toBeGreaterThan(0)
  })
})
