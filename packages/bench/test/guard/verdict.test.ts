import { describe, expect, it } from 'vitest'
import { renderVerdicts } from '../../src/guard/render-verdicts.js'
import { judge } from '../../src/guard/verdict.js'
import type { ContenderResult, WorkloadResult } from '../../src/result.js'
import type { Figure } from '../../src/workload.js'

const strictness = { confidence: 0.99, tolerance: 0.03 }

/** The rounds of two builds, in milliseconds for the same work. */
function result(base: number[], present: number[], figure: Figure = 'items/s'): WorkloadResult {
  const contender = (name: string, ms: number[]) =>
    ({ name, rounds: ms.map((one) => ({ items: 1000, ms: one })) }) as unknown as ContenderResult
  return {
    name: 'durable-1',
    title: '1 durable writer',
    group: 'durable writes',
    figure,
    contenders: [contender('base', base), contender('present', present)],
    leftOut: [],
    failed: [],
  }
}

const times = (factor: number) => [100, 130, 90, 400, 110, 95, 105, 120, 99, 101].map((ms, n) => ms * (factor + (n % 3) / 100))
const base = times(1)

describe('the guard', () => {
  it.each<Figure>(['items/s', 'ms'])('finds what became slower in %s, though the machine was slow at times', (figure) => {
    const { says, compared } = judge(result(base, times(1.2), figure), strictness)
    expect(says).toBe('slower')
    expect(compared?.ratio).toBeCloseTo(1 / 1.2, 1)
    expect(compared?.interval.high).toBeLessThan(1)
    expect(compared?.probability).toBeLessThan(0.01)
  })

  it('finds what became faster', () => {
    expect(judge(result(base, times(0.8)), strictness).says).toBe('faster')
  })

  it('says nothing of a build that is the same, nor of one that is better as often as worse', () => {
    expect(judge(result(base, base), strictness).says).toBe('no difference shown')
    const mixed = base.map((ms, n) => ms * (n % 2 === 0 ? 1.3 : 0.8))
    expect(judge(result(base, mixed), strictness).says).toBe('no difference shown')
  })

  it('says nothing of a difference within the tolerance, however sure it is', () => {
    const alittle = base.map((ms) => ms * 1.01)
    expect(judge(result(base, alittle), strictness).says).toBe('no difference shown')
    expect(judge(result(base, alittle), { ...strictness, tolerance: 0 }).says).toBe('slower')
  })

  it('says nothing from few pairs', () => {
    expect(judge(result([100, 100, 100], [150, 150, 150]), strictness).says).toBe('no difference shown')
  })

  it('names what one of the builds could not do', () => {
    const { contenders, ...rest } = result(base, base)
    const verdict = judge(
      { ...rest, contenders: contenders.slice(1), failed: [{ name: 'base', reason: 'it has no such method' }] },
      strictness,
    )
    expect(verdict).toMatchObject({ says: 'not measured', reason: 'base: it has no such method' })
    expect(renderVerdicts([verdict], 0.99)).toContain('it has no such method')
  })

  it('ends with the names of what became slower', () => {
    expect(renderVerdicts([judge(result(base, times(1.2)), strictness)], 0.99)).toMatch(
      /Slower, with 99 % confidence each: durable-1 \(0\.8\d\d ×\)\.\n$/,
    )
    expect(renderVerdicts([judge(result(base, base), strictness)], 0.99)).toContain('Nothing was shown')
  })
})
