import { type Random, seededRandom } from './seeded-random.js'

/**
 * @internal What may become of operations that are in doubt: for each a number below its `ways`, 0 for lost and 1 for there as it was done.
 *
 * None first, then all. Every choice where they are few; otherwise each prefix, each single loss, each single survivor, each further way of
 * one operation with all others there, and seeded ones.
 */
export function* fatesOf(
  ways: readonly number[],
  limits: { readonly maxSubsets: number; readonly samples: number; readonly seed: number },
) {
  const none = ways.map(() => 0)
  const all = ways.map(() => 1)
  yield none
  if (ways.length === 0) return
  yield all
  if (ways.reduce((product, count) => product * count, 1) <= limits.maxSubsets) yield* everyChoice(ways)
  else yield* someChoices(ways, limits.samples, seededRandom(limits.seed))
}

function* everyChoice(ways: readonly number[]): Generator<number[]> {
  const choice = ways.map(() => 0)
  while (true) {
    let at = 0
    while (at < ways.length && choice[at] === ways[at]! - 1) choice[at++] = 0
    if (at === ways.length) return
    choice[at]!++
    yield [...choice]
  }
}

function* someChoices(ways: readonly number[], samples: number, random: Random): Generator<number[]> {
  for (let at = 0; at < ways.length; at++) {
    yield ways.map((_, index) => (index < at ? 1 : 0))
    yield ways.map((_, index) => (index === at ? 0 : 1))
    yield ways.map((_, index) => (index === at ? 1 : 0))
    for (let way = 2; way < ways[at]!; way++) yield ways.map((_, index) => (index === at ? way : 1))
  }
  for (let sample = 0; sample < samples; sample++) yield randomFates(ways, random)
}

/** @internal */
export function randomFates(ways: readonly number[], random: Random): number[] {
  return ways.map((count) => random(count))
}
