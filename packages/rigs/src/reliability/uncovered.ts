/** A branch that no test takes. */
export interface UncoveredBranch {
  readonly file: string
  readonly what: string
  readonly reason: string
}

/** What `npm run coverage` finds not covered, each with its reason. */
export const uncovered: readonly UncoveredBranch[] = []
