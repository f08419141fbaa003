import type { WorkloadResult } from '../result.js'
import { figureOf, timesAsGood } from '../result.js'
import { bootstrapInterval, geometricMean, type Interval, signTest } from '../statistics.js'

export interface Verdict {
  readonly name: string
  readonly title: string
  readonly says: 'slower' | 'faster' | 'no difference shown' | 'not measured'
  /** Why it was not measured. */
  readonly reason?: string
  readonly compared?: Compared
}

interface Compared {
  readonly pairs: number
  /** How many times as good the present build is as the base, in the mean of the pairs. */
  readonly ratio: number
  /** Where that lies with the confidence asked for. */
  readonly interval: Interval
  /** How probable so one-sided a row of pairs is by chance. */
  readonly probability: number
}

export interface Strictness {
  /** From 0 to 1. */
  readonly confidence: number
  /** A difference smaller than this share is none that matters. */
  readonly tolerance: number
}

/**
 * Compares two builds by their rounds: the base first, the present one second. Slower, or faster, is what two tests agree on with the confidence asked for, the bootstrap of the mean and
 * the sign test, and what exceeds the tolerance. The bootstrap alone is too sure of itself with few pairs.
 */
export function judge({ name, title, figure, contenders, failed }: WorkloadResult, { confidence, tolerance }: Strictness): Verdict {
  const [base, present] = contenders
  if (failed.length > 0 || !base || !present) {
    const reason = failed.map((one) => `${one.name}: ${one.reason}`).join('; ') || 'it was measured with one build only'
    return { name, title, says: 'not measured', reason }
  }
  const ratios = present.rounds.map((round, n) => timesAsGood(figure, figureOf(figure, round), figureOf(figure, base.rounds[n]!)))
  const ratio = geometricMean(ratios)
  const interval = bootstrapInterval(ratios, confidence)
  const probability = signTest(ratios)
  const isOneSided = probability <= 1 - confidence && Math.abs(ratio - 1) > tolerance
  const says = isOneSided && interval.high < 1 ? 'slower' : isOneSided && interval.low > 1 ? 'faster' : 'no difference shown'
  return { name, title, says, compared: { pairs: ratios.length, ratio, interval, probability } }
}
