import {
  type BackendCall,
  type CallKind,
  type FaultPlan,
  fail,
  faultyBackend,
  hold,
  powerLossBackend,
  shorten,
} from '@varve/backend/faults'
import { describe, expect, test } from 'vitest'
import { durable, outcome } from './bytes.js'

const io = fail('IO')

/** The numbers of those of ten calls that a plan strikes: of `list` on its own. */
async function struckLists(plan: FaultPlan): Promise<number[]> {
  const backend = faultyBackend(powerLossBackend(), plan)
  const struck: number[] = []
  for (let call = 1; call <= 10; call++) if ((await outcome(backend.list())) === 'IO') struck.push(call)
  return struck
}

/** The calls that a rule strikes, of a program that has most kinds and three names. */
async function struckCalls(rule: { kind?: CallKind | CallKind[]; name?: string | RegExp; where?: (call: BackendCall) => boolean }) {
  const backend = faultyBackend(powerLossBackend(), { ...rule, times: Number.POSITIVE_INFINITY, fault: fail('IO', { when: 'after' }) })
  const plain = powerLossBackend()
  await (await durable(plain, 'a1', 'abc')).close()
  const both = faultyBackend(plain, { ...rule, times: Number.POSITIVE_INFINITY, fault: fail('IO', { when: 'after' }) })
  for (const each of [backend, both]) {
    await outcome(each.create('b1'))
    const file = await each.open('a1').catch(() => undefined)
    await file?.sync().catch(() => undefined)
    await outcome(each.replace('b1', 'c1'))
    await outcome(each.remove('c1'))
  }
  return both.calls.filter(({ fault }) => fault).map(({ kind, name }) => `${kind} ${name}`)
}

describe('a rule', () => {
  test.each<[FaultPlan, number[]]>([
    [{ fault: io }, [1]],
    [{ nth: 4, fault: io }, [4]],
    [{ nth: 4, times: 3, fault: io }, [4, 5, 6]],
    [{ nth: 8, times: Number.POSITIVE_INFINITY, fault: io }, [8, 9, 10]],
    [{ where: ({ number }) => number % 3 === 0, nth: 2, fault: io }, [6]],
    [{ kind: 'sync', fault: io }, []],
  ])('strikes the n-th fitting call and those after it: %j', async (plan, expected) => {
    expect(await struckLists(plan)).toEqual(expected)
  })

  test('fits a kind, or several', async () => {
    expect(await struckCalls({ kind: 'create' })).toEqual(['create b1'])
    expect(await struckCalls({ kind: ['sync', 'remove'] })).toEqual(['sync a1', 'remove c1'])
  })

  test('fits a name, either of the two of a replace', async () => {
    expect(await struckCalls({ name: 'b1' })).toEqual(['create b1', 'replace b1'])
    expect(await struckCalls({ name: 'c1' })).toEqual(['replace b1', 'remove c1'])
    expect(await struckCalls({ name: 'b' })).toEqual([])
  })

  test('fits a pattern, wherever it is found, and also where it is global', async () => {
    expect(await struckCalls({ name: /1$/g, kind: ['create', 'replace', 'remove'] })).toEqual(['create b1', 'replace b1', 'remove c1'])
    expect(await struckCalls({ name: /^c/ })).toEqual(['replace b1', 'remove c1'])
  })

  test('must have all that it says', async () => {
    expect(await struckCalls({ kind: 'replace', name: 'c1', where: ({ to }) => to === 'c1' })).toEqual(['replace b1'])
    expect(await struckCalls({ kind: 'replace', name: 'c1', where: () => false })).toEqual([])
  })

  test('counts only calls that its fault can happen to', async () => {
    const gate = hold()
    gate.release()
    const backend = faultyBackend(powerLossBackend(), [
      { nth: 2, fault: shorten(1) },
      { name: 'a', kind: ['readSync', 'openSync', 'size'], fault: gate },
    ])
    const file = await durable(backend, 'a', 'abc')
    file.readSync?.(new Uint8Array(3), 0)
    backend.openSync?.('a')
    await file.size()
    expect(backend.calls.filter(({ fault }) => fault).map(({ kind }) => kind)).toEqual(['readSync', 'size'])
  })

  test('is refused where it counts from nothing', () => {
    expect(() => faultyBackend(powerLossBackend(), { nth: 0, fault: io })).toThrow(RangeError)
    expect(() => faultyBackend(powerLossBackend(), { times: 0, fault: io })).toThrow(RangeError)
    expect(() => faultyBackend(powerLossBackend(), { nth: Number.NaN, fault: io })).toThrow(RangeError)
  })
})

describe('a function', () => {
  test('decides for every call', async () => {
    expect(await struckLists(({ ofKind }) => (ofKind > 8 ? io : undefined))).toEqual([9, 10])
  })

  test('is told off for a fault that can’t happen to the call', async () => {
    const backend = faultyBackend(powerLossBackend(), () => shorten(1))
    await expect(backend.list()).rejects.toThrow(new TypeError("a fault of type shorten can't happen to call 1: list"))
  })
})

describe('a list', () => {
  test('lets the first that has a fault decide, while all of them count', async () => {
    expect(
      await struckLists([
        { nth: 2, fault: fail('BUSY') },
        { nth: 2, times: 2, fault: io },
        ({ number }) => (number === 7 ? io : undefined),
      ]),
    ).toEqual([3, 7])
  })
})
