import { type CrashState, type CrashStateOptions, powerLossBackend, type Random, seededRandom } from '@varve/backend/faults'
import { Checker, type Recovered } from '../checker/checker.js'
import { emptyBase, Ledger } from '../programs/ledger.js'
import type { Operation } from '../programs/operation.js'
import type { Program } from '../programs/program.js'
import { ProgramRun } from '../programs/program-run.js'
import { type Moment, recordMoments } from './recorder.js'
import type { Tally } from './tally.js'
import { type Cut, Violation } from './violation.js'

export interface ExploreOptions {
  readonly tally: Tally
  readonly states: CrashStateOptions
  /** Operations whose states were tried already, by a program that begins the same: only those of the later ones are. Default 0. */
  readonly known?: number
  /** Of so many states one has the power go in its recovery too, in that of what this leaves, and so on. Default 64. */
  readonly deeperOneIn?: number
  /** Chooses these. Default: seeded by the program; short programs need one for all of them, as none has so many states. */
  readonly random?: Random
}

/** How often the power goes after the program: in a recovery, in the recovery of what this leaves, and in that one's. */
const DEEPEST = 3

/** In a recovery few states of each moment are tried: the one in which least survives, the one with all, and seeded ones. */
const FEW: CrashStateOptions = { sectorSize: 64, maxSectors: 3, maxSubsets: 8, maxCombinations: 8, samples: 1 }
const TRIED_OF_MOMENT = 3
const DEEPER_STILL_ONE_IN = 32

/** Recovers every state that a power cut could leave at any step of the program. Throws a {@link Violation} at the first that breaks the promise. */
export async function explore(program: Program, options: ExploreOptions): Promise<void> {
  const exploration = new Exploration(program, options)
  for (const moment of await exploration.run()) await exploration.examine(moment)
}

class Exploration {
  readonly #program: Program
  readonly #options: ExploreOptions
  readonly #checker: Checker
  readonly #random: Random

  constructor(program: Program, options: ExploreOptions) {
    this.#program = program
    this.#options = options
    this.#checker = new Checker(program.settings, options.tally.usedRecoveries)
    this.#random = options.random ?? seededRandom(program.seed)
  }

  /** Runs the program to its end, and gives the moments at which the power may have gone. */
  async run(): Promise<readonly Moment[]> {
    const { known = 0, states } = this.#options
    const { operations, preallocation = 0 } = this.#program
    const moments: Moment[] = []
    let disk = powerLossBackend({ preallocation })
    let run = new ProgramRun(disk, this.#program, new Ledger(emptyBase))
    let recorded = (): readonly Moment[] => []
    for (const [n, operation] of operations.entries()) {
      if (n === known) recorded = recordMoments(disk, run, states)
      if (operation.do !== 'crash') {
        await this.#telling([], () => run.do(operation))
        continue
      }
      moments.push(...recorded())
      const moment = recordMoments(disk, run, states)().at(-1) as Moment
      const state = disk.crashState(operation.seed, states)
      const recovered = await this.#check(state, moment, [])
      const { nextNumber } = run.ledger
      await run.leave()
      disk = state.backend()
      run = new ProgramRun(disk, this.#program, new Ledger(recovered, nextNumber))
      recorded = recordMoments(disk, run, states)
      await this.#telling([{ moment: moment.words, state }], () => run.do({ do: 'start' }))
    }
    moments.push(...recorded())
    await run.leave()
    return moments
  }

  /** Recovers each state of a moment. */
  async examine(moment: Moment): Promise<void> {
    const { tally, deeperOneIn = 64 } = this.#options
    const { key } = moment.expectation()
    for (const state of moment.states) {
      if (!tally.isNew(state.hash, key)) continue
      const recovered = await this.#check(state, moment, [])
      if (this.#random(deeperOneIn) === 0) await this.#examineRecovery(recovered, moment, [{ moment: moment.words, state }])
    }
  }

  /** Has the power go while the last state of `cuts` is recovered and used. Whatever this leaves must come to what it came to undisturbed. */
  async #examineRecovery(recovered: Recovered, { expectation }: Moment, cuts: readonly Cut[]): Promise<void> {
    const { state } = cuts.at(-1) as Cut
    const disk = state.backend()
    const { nextNumber, items } = expectation()
    const run = new ProgramRun(disk, this.#program, new Ledger(recovered, nextNumber))
    const recorded = recordMoments(disk, run, FEW)
    // The same sizes again: so that blocks come to lie exactly where those were that recovery cut off.
    const lost = items.slice(recovered.next).map(({ size }) => size)
    await this.#telling(cuts, async () => {
      for (const operation of useAfterRecovery(lost)) await run.do(operation)
    })
    const moments = recorded()
    await run.leave()
    for (const moment of moments) await this.#examineFew(moment, cuts)
  }

  async #examineFew(moment: Moment, cuts: readonly Cut[]): Promise<void> {
    const { tally } = this.#options
    const { key } = moment.expectation()
    const states = [...moment.states]
    for (let n = 0; n < TRIED_OF_MOMENT && states.length > 0; n++) {
      const state = states.splice(n < 2 ? 0 : this.#random(states.length), 1)[0] as CrashState
      if (!tally.isNew(state.hash, key)) continue
      const recovered = await this.#check(state, moment, cuts)
      if (cuts.length < DEEPEST && this.#random(DEEPER_STILL_ONE_IN) === 0)
        await this.#examineRecovery(recovered, moment, [...cuts, { moment: moment.words, state }])
    }
  }

  #check(state: CrashState, moment: Moment, cuts: readonly Cut[]): Promise<Recovered> {
    const story = [...cuts, { moment: moment.words, state }]
    return this.#telling(story, () => this.#checker.check(state, moment.expectation()))
  }

  async #telling<T>(cuts: readonly Cut[], action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (error) {
      throw error instanceof Violation ? error : new Violation(this.#program, cuts, { cause: error })
    }
  }
}

function useAfterRecovery(lost: readonly number[]): Operation[] {
  return [
    { do: 'start' },
    { do: 'add', sizes: lost.length > 0 ? lost.slice(0, 4) : [30], durable: true },
    { do: 'add', sizes: [10] },
    { do: 'stop' },
  ]
}
