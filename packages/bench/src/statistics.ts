import { binomialDistribution, geometricMean, median, quantile, sampleWithReplacement } from 'simple-statistics'
import { seededNumbers } from './seeded-items.js'

export { geometricMean, median }

export interface Interval {
  readonly low: number
  readonly high: number
}

const RESAMPLES = 5000

/** Where the geometric mean of such ratios lies with that confidence, by a paired bootstrap: they are resampled so often, always in the same way. */
export function bootstrapInterval(ratios: readonly number[], confidence: number): Interval {
  const next = seededNumbers(0xb007)
  const random = (): number => next() / 2 ** 32
  const means = Array.from({ length: RESAMPLES }, () => geometricMean(sampleWithReplacement([...ratios], ratios.length, random)))
  const tail = (1 - confidence) / 2
  const [low, high] = quantile(means, [tail, 1 - tail]) as [number, number]
  return { low, high }
}

/** How probable it is that so many or more of these ratios lie on one side of 1, if that were a matter of chance (the two-sided sign test). */
export function signTest(ratios: readonly number[]): number {
  const below = ratios.filter((ratio) => ratio < 1).length
  const above = ratios.filter((ratio) => ratio > 1).length
  if (below + above === 0) return 1
  const chances = binomialDistribution(below + above, 0.5)!
  const atMost = Math.min(below, above)
  return Math.min(1, 2 * chances.slice(0, atMost + 1).reduce((sum, chance) => sum + chance, 0))
}
