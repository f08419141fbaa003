import type { Operation } from '../programs/operation.js'
import type { Program } from '../programs/program.js'
import type { Violation } from './violation.js'

// Every attempt that does not fail costs a whole exploration.
const MOST_ATTEMPTS = 300

/** Leaves operations and items out, one after the other, for as long as the program still fails. Gives the last failure there was, or undefined where nothing can be left out. */
export async function shorten(
  program: Program,
  attempt: (shorter: Program) => Promise<Violation | undefined>,
): Promise<Violation | undefined> {
  let shortest: Violation | undefined
  let attempts = 0
  for (let progress = true; progress; ) {
    progress = false
    for (const operations of shorterThan((shortest?.program ?? program).operations)) {
      if (++attempts > MOST_ATTEMPTS) return shortest
      const failure = await attempt({ ...program, operations })
      if (!failure) continue
      shortest = failure
      progress = true
      break
    }
  }
  return shortest
}

/** Each way to leave one thing out, what is largest and latest first. */
function* shorterThan(operations: readonly Operation[]): Generator<readonly Operation[]> {
  for (let length = operations.length >> 1; length >= 1; length >>= 1) {
    for (let at = operations.length - length; at >= 0; at -= length) yield operations.filter((_, n) => n < at || n >= at + length)
  }
  for (const [at, operation] of operations.entries()) {
    for (const simpler of simplerThan(operation)) yield operations.map((other, n) => (n === at ? simpler : other))
  }
}

function* simplerThan(operation: Operation): Generator<Operation> {
  if (operation.do === 'together') {
    for (const operations of shorterThan(operation.operations)) {
      const [only] = operations
      if (only) yield operations.length === 1 ? only : { ...operation, operations }
    }
  }
  if ((operation.do === 'add' || operation.do === 'transaction') && operation.sizes.length > 1) {
    for (const at of operation.sizes.keys()) yield { ...operation, sizes: operation.sizes.filter((_, n) => n !== at) }
  }
}
