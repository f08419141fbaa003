import { describe, expect, it } from 'vitest'
import { selectWorkloads } from '../../src/command/select-workloads.js'

const all = { openTo: Number.MAX_SAFE_INTEGER, growthTo: Number.MAX_SAFE_INTEGER }
const names = (selection: Partial<Parameters<typeof selectWorkloads>[0]>) =>
  selectWorkloads({ ...all, ...selection }).map(({ name }) => name)

describe('the workloads of a run', () => {
  it('are all, or fewer where it is to be quick', () => {
    expect(names({ quick: true }).length).toBeLessThan(names({}).length / 2)
    expect(names({ quick: true })).toContain('durable-64')
  })

  it('are those whose name holds a part that was given, quick or not', () => {
    expect(names({ only: ['scan', 'durable-1'] })).toEqual(['durable-1', 'scan-100b', 'scan-1k', 'scan-16k'])
    expect(names({ only: ['read-16k-sync'], quick: true })).toEqual(['read-16k-sync', 'read-16k-sync-8020'])
  })

  it('are no larger than asked for', () => {
    expect(names({ only: ['open-1', 'growth-add'], openTo: 1024 ** 3, growthTo: 200_000 })).toEqual([
      'open-1m',
      'open-100m',
      'open-1g',
      'growth-add-20k',
      'growth-add-200k',
    ])
  })
})
