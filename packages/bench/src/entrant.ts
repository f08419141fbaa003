import type { Contender } from './contender.js'

/** A contender under the name that it has in a run: the same store may take part in several builds. */
export interface Entrant {
  readonly name: string
  readonly contender: Contender
  /** The root of another build of the store. */
  readonly build?: string
}
