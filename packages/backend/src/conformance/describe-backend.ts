import { describe, test } from 'vitest'
import { type MakeContainer, runCase } from './conformance-case.js'
import { conformanceSuite } from './conformance-suite.js'

/** What `describeBackend` needs to know of the backend it tests. */
export interface BackendUnderTest {
  /** Makes a fresh container; called once a test. */
  readonly make: MakeContainer

  /** The longest a test may take, in milliseconds; 30 000 by default, for media that are far away. */
  readonly timeout?: number
}

/**
 * Declares vitest tests that show whether a backend keeps the contract: the whole test file of a backend.
 *
 * ```ts
 * describeBackend('my backend', { make: () => ({ backend: myBackend(), reopen: () => …, dispose: () => … }) })
 * ```
 */
export function describeBackend(name: string, { make, timeout = 30_000 }: BackendUnderTest): void {
  describe(`${name} keeps the backend contract`, () => {
    for (const [topic, cases] of Object.entries(conformanceSuite)) {
      describe(topic, () => {
        for (const one of cases) test(one.title, { timeout }, () => runCase(one, make))
      })
    }
  })
}
