import { type CrashStateOptions, seededRandom } from '@varve/backend/faults'
import { sequences } from '../programs/sequences.js'
import { explore } from './explore.js'
import { Tally } from './tally.js'

/** What came of all short programs in one store. */
export interface SequencesFinding {
  readonly programs: number
  /** States that differ in their bytes, and checks of them: a state is checked again where something else was promised. */
  readonly states: number
  readonly checks: number
  /** The story of the first state that breaks the promise. */
  readonly violation?: string
}

// The longer the programs, the more of them there are, and the coarser what becomes of a write.
const fine: CrashStateOptions = { sectorSize: 32 }
const medium: CrashStateOptions = { sectorSize: 64, maxSectors: 6, maxCombinations: 64, maxSubsets: 32, samples: 4 }
const coarse: CrashStateOptions = { sectorSize: 256, maxSectors: 2, maxCombinations: 8, maxSubsets: 8, samples: 2 }
const statesByLength = [fine, fine, medium, coarse]

/** Cuts the power at every step of every sequence of up to three operations, in the store of that number in `SURROUNDINGS`. */
export async function searchSequences(store: number): Promise<SequencesFinding> {
  const tally = new Tally()
  const random = seededRandom(store)
  let programs = 0
  try {
    for (const { program, known, length } of sequences(statesByLength.length - 1, store)) {
      await explore(program, { tally, known, states: statesByLength[length] as CrashStateOptions, deeperOneIn: 500, random })
      programs++
    }
    return { programs, states: tally.states, checks: tally.checks }
  } catch (error) {
    const violation = error instanceof Error ? error.message : String(error)
    return { programs, states: tally.states, checks: tally.checks, violation }
  }
}
