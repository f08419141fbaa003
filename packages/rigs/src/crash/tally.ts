import type { UsedRecoveries } from '../checker/inspect.js'

/** What was tried, each equal thing once. */
export class Tally {
  readonly usedRecoveries: UsedRecoveries = new Map()
  /** By the hash of all names and bytes. */
  readonly #states = new Set<string>()
  readonly #checks = new Set<string>()
  readonly #promises = new Map<string, number>()

  /** States that differ in their bytes. */
  get states(): number {
    return this.#states.size
  }

  /** States that differ in their bytes or in what was promised. */
  get checks(): number {
    return this.#checks.size
  }

  /** Whether this state was not held against this promise before. */
  isNew(hash: string, promise: string): boolean {
    let number = this.#promises.get(promise)
    if (number === undefined) {
      number = this.#promises.size
      this.#promises.set(promise, number)
    }
    this.#states.add(hash)
    const checks = this.#checks.size
    return this.#checks.add(`${hash}${number}`).size > checks
  }
}
