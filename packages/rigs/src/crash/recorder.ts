import type { CrashState, CrashStateOptions, PowerLossBackend, PowerLossStep } from '@varve/backend/faults'
import { type Expectation, expectationAt } from '../checker/expectation.js'
import type { Ledger } from '../programs/ledger.js'
import type { ProgramRun } from '../programs/program-run.js'

/** A moment at which the power may go: what it could leave, and what must be there then. */
export interface Moment {
  readonly words: string
  readonly states: Iterable<CrashState>
  /** To be asked when the run is over. */
  expectation(): Expectation
}

/** Keeps every moment at which a power cut could leave something new, from now until the returned function is called, which gives them: that one is the last. */
export function recordMoments(disk: PowerLossBackend, run: ProgramRun, options: CrashStateOptions): () => readonly Moment[] {
  const moments: Moment[] = []
  let last: { readonly revision: number; readonly ledger: Ledger; readonly moment: number } | undefined
  const record = (words: string): void => {
    const { revision } = disk
    const { ledger } = run
    const { moment } = ledger
    if (last?.revision === revision && last.ledger === ledger && last.moment === moment) return
    last = { revision, ledger, moment }
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
