/** A branch that no test takes. */
export interface UncoveredBranch {
  readonly file: string
  /** A part of its line. */
  readonly what: string
  readonly reason: string
}

/** What `npm run coverage` finds not covered, each with its reason: `npm run reliability -- --coverage` names those that have none. */
export const uncovered: readonly UncoveredBranch[] = []
