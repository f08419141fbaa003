/** A case of the conformance suite, and the backend that it is run on. */
export interface CaseName {
  readonly topic: string
  readonly index: number
  readonly backend: 'worker' | 'page'
}
