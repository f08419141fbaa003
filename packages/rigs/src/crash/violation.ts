import type { CrashState } from '@varve/backend/faults'
import { describeProgram, type Program } from '../programs/program.js'

/** Where the power went, and what it left. */
export interface Cut {
  readonly moment: string
  readonly state: CrashState
}

/** A program after which, with these power cuts, the promise was not kept. `cause` has how. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly program: Program

  constructor(program: Program, cuts: readonly Cut[], options: { readonly cause: unknown }) {
    const story = cuts.map(({ moment, state }) => `power lost ${moment}: ${state.description}`)
    const { cause } = options
    super(
      [
        `program (seed ${program.seed}, ${JSON.stringify(program.settings)}): ${describeProgram(program)}`,
        ...story,
        cause instanceof Error ? cause.message : String(cause),
      ].join('\n  '),
      options,
    )
    this.program = program
  }
}
