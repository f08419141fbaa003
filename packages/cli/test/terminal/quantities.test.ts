import { describe, expect, it } from 'vitest'
import { countOf, formatBytes, formatDuration, formatRate } from '../../src/terminal/quantities.js'

describe('quantities', () => {
  it('says sizes in units of 1024', () => {
    expect([0, 1023, 1024, 16 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatBytes)).toEqual(['0 B', '1023 B', '1 KiB', '16 MiB', '1.5 GiB'])
  })

  it('says rates in millions of bytes a second', () => {
    expect([formatRate(1_500_000, 1000), formatRate(42_000_000, 1000), formatRate(500_000_000, 500)]).toEqual([
      '1.50 MB/s',
      '42.0 MB/s',
      '1000 MB/s',
    ])
  })

  it('says a rate of nothing where no time has passed', () => {
    expect(formatRate(1000, 0)).toBe('0.00 MB/s')
  })

  it('says durations in the unit that fits', () => {
    expect([0.25, 850, 3210, 59_900, 125_000].map(formatDuration)).toEqual(['0.3 ms', '850 ms', '3.21 s', '59.9 s', '2 m 5 s'])
  })

  it('counts in the singular and the plural', () => {
    expect([countOf(1, 'item'), countOf(12_345, 'item'), countOf(2, 'index', 'indices')]).toEqual(['1 item', '12,345 items', '2 indices'])
  })
})
