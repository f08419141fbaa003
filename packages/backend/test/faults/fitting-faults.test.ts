import { callKinds, type Fault, faultyBackend, fittingFaults, powerLossBackend } from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { durable, outcome } from './bytes.js'

const faults = callKinds.flatMap((kind) => fittingFaults[kind].map((fault) => [kind, fault.description, fault] as const))

describe('the faults that fit each kind of call', () => {
  test('are some for every kind, and I/O errors for all', () => {
    for (const kind of callKinds) expect(fittingFaults[kind].some((fault) => fault.type === 'fail' && fault.code === 'IO')).toBe(true)
  })

  test.each(faults)('can happen: %s %s', async (kind, _, fault) => {
    const struck = faultyBackend(powerLossBackend(), { kind, nth: kind === 'create' ? 2 : 1, fault: fault as Fault })
    const file = await durable(struck, 'a', 'abc').catch(() => undefined)
    await outcome(struck.create('b'))
    for (const call of [struck.list(), struck.open('a'), struck.replace('b', 'c'), struck.remove('c'), struck.destroy()])
      await outcome(call)
    await outcome(struck.lock().then((lock) => lock.release()))
    await outcome(Promise.resolve().then(() => struck.openSync?.('a')))
    await outcome(Promise.resolve().then(() => file?.sizeSync?.()))
    await outcome(Promise.resolve().then(() => file?.readSync?.(new Uint8Array(1), 0)))
    if (file) for (const call of [file.size(), file.read(new Uint8Array(1), 0), file.truncate(0), file.close()]) await outcome(call)
    expect(struck.calls.filter((call) => call.fault).map((call) => call.kind)).toEqual([kind])
  })

  test('strike before the effect where the code promises that nothing has changed', () => {
    const late = faults
      .filter(([, , fault]) => fault.type === 'fail' && fault.when === 'after')
      .map(([, , fault]) => fault.type === 'fail' && fault.code)
    expect(new Set(late)).toEqual(new Set(['IO', 'NO_SPACE']))
  })

  test('never leave a handle open by failing to close it', () => {
    expect(fittingFaults.close.every((fault) => fault.type === 'fail' && fault.when === 'after')).toBe(true)
  })
})
