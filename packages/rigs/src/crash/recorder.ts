import type { CrashState, CrashStateOptions, PowerLossBackend, PowerLossStep } from '@varve/backend/faults'
import { type Expectation, expectationAt } from '../checker/expectation.js'
import type { Ledger } from '../programs/ledger.js'

/** A moment at which the power may go: what it could leave, and what must be there then. */
export interface Moment {
  readonly words: string
  readonly states: Iterable<CrashState>
  /** To be asked when the run is over. */
  expectation(): Expectation
}

/** Keeps every moment at which a power cut could leave something new, from now until the returned function is called, which gives them: that one is the last. */
export function recordMoments(disk: PowerLossBackend, ledger: Ledger, options: CrashStateOptions): () => readonly Moment[] {
  const moments: Moment[] = []
  let last = ''
  const record = (words: string): void => {
    const { moment } = ledger
    const key = `${disk.revision} ${moment}`
    if (key === last) return
    last = key
    let expectation: Expectation | undefined
    moments.push({ words, states: disk.crashStates(options), expectation: () => (expectation ??= expectationAt(ledger, moment)) })
  }
  const stop = disk.onStep((step) => record(describeStep(step)))
  return () => {
    stop()
    record('at the end')
    return moments
  }
}

function describeStep({ phase, number, kind, name, to }: PowerLossStep): string {
  return `${phase} step ${number}, ${kind}${name === undefined ? '' : ` ${name}`}${to === undefined ? '' : ` to ${to}`}`
}
