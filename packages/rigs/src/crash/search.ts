import { type CrashStateOptions, seededRandom } from '@varve/backend/faults'
import { pick } from '../programs/pick.js'
import type { Program } from '../programs/program.js'
import { randomProgram } from '../programs/random-program.js'
import { explore } from './explore.js'
import { shorten } from './shorten.js'
import { Tally } from './tally.js'
import { Violation } from './violation.js'

/** What came of one program. */
export interface Finding {
  readonly seed: number
  /** States that differ in their bytes, and checks of them: a state is checked again where something else was promised. */
  readonly states: number
  readonly checks: number
  readonly violation?: {
    readonly story: string
    /** The shortest program found that still breaks the promise, and how. */
    readonly shortened: Program
    readonly shortenedStory: string
  }
}

/** Tries the program of a seed: the same one, and the same states, every time. */
export function searchSeed(seed: number): Promise<Finding> {
  return searchProgram(randomProgram(seed))
}

/** Tries one program, and where it breaks the promise looks for a shorter one that does. */
export async function searchProgram(program: Program): Promise<Finding> {
  const { seed } = program
  const tally = new Tally()
  const violation = await violationOf(program, tally)
  const counts = { seed, states: tally.states, checks: tally.checks }
  if (!violation) return counts
  const shortest = (await shorten(program, (shorter) => violationOf(shorter, new Tally()))) ?? violation
  return { ...counts, violation: { story: violation.message, shortened: shortest.program, shortenedStory: shortest.message } }
}

async function violationOf(program: Program, tally: Tally): Promise<Violation | undefined> {
  try {
    await explore(program, { tally, states: statesFor(program.seed), deeperOneIn: 200 })
    return undefined
  } catch (error) {
    if (error instanceof Violation) return error
    throw error
  }
}

function statesFor(seed: number): CrashStateOptions {
  const random = seededRandom(seed)
  // Some programs are looked at closely and some from afar, for which there are the more of them.
  return {
    seed,
    sectorSize: pick(random, [16, 32, 64, 128]),
    maxSectors: pick(random, [3, 4, 12]),
    maxSubsets: pick(random, [8, 32, 64]),
    maxCombinations: pick(random, [16, 64]),
    samples: pick(random, [2, 4, 12]),
  }
}
