import { runModel } from './run-model.js'
import { type Counts, Tally } from './tally.js'

/** What came of one seed. */
export interface Finding {
  readonly seed: number
  readonly counts: Counts
  /** How the promise was broken, by what, and how to run that again. */
  readonly violation?: string
}

/** So many programs are made from each seed. */
export const RUNS_PER_SEED = 50

/** Tries the programs of a seed: the same ones every time. */
export async function searchSeed(seed: number): Promise<Finding> {
  try {
    const { counts } = await runModel({ runs: RUNS_PER_SEED, seed })
    return { seed, counts }
  } catch (error) {
    return { seed, counts: new Tally().counts, violation: error instanceof Error ? error.message : String(error) }
  }
}
