import type { CrashState, CrashStateOptions, PowerLossBackend, PowerLossStep } from './power-loss.js'
import { powerLossBackend } from './power-loss-backend.js'

export interface EveryCrashOptions<Promised> {
  /** What the program starts on. Default: an empty {@link powerLossBackend}. */
  readonly backend?: PowerLossBackend
  /** What the program has promised at first: a value of JSON, which `run` changes in place whenever it may promise more: what it was told is durable, what it handed in. */
  readonly promised: Promised
  /** The program under test. */
  run(backend: PowerLossBackend, promised: Promised): Promise<unknown>
  /**
   * Recovers from a state and throws where it does not hold what was promised at that moment. `backend` has the state; `state` says what was lost.
   * With a `depth` above 1 it may promise more by changing `promised`, as `run` does: what it recovered and served, what it then added.
   */
  check(backend: PowerLossBackend, promised: Promised, state: CrashState): void | Promise<void>
  /** How often the power goes: 1 (default) in the program; 2 also at every step of each `check`, after which another `check` must recover; and so on. */
  readonly depth?: number
  readonly states?: CrashStateOptions
}

/** What {@link everyCrash} did. */
export interface CrashReport {
  /** Moments of the program at which the power was cut. */
  readonly moments: number
  /** Checks, each of a state that differs from all others, in its bytes or in what was promised. */
  readonly states: number
}

/** A check that failed after power cuts. `cause` has why. */
export class CrashViolation extends Error {
  override readonly name = 'CrashViolation'
  /** What each power cut left, the first one of the program itself. */
  readonly states: readonly CrashState[]
  /** What was promised when the power went last. */
  readonly promised: unknown

  constructor(cuts: readonly Cut[], options: { readonly cause: unknown; readonly promised: unknown }) {
    const story = cuts.map(({ moment, state }) => `power lost ${moment}: ${state.description}`).join('; in recovery, ')
    super(`${story}; then ${options.cause instanceof Error ? options.cause.message : String(options.cause)}`, { cause: options.cause })
    this.states = cuts.map(({ state }) => state)
    this.promised = options.promised
  }
}

interface Cut {
  readonly moment: string
  readonly state: CrashState
}

interface Moment {
  readonly words: string
  /** As it was then: the program goes on and promises more. */
  readonly promised: string
  readonly states: Iterable<CrashState>
}

/**
 * Cuts the power at every step of a program, and checks every state that this could leave. The program runs once, undisturbed; what it had
 * promised at a moment is kept with the states of the moment. Equal states with equal promises are checked once.
 *
 * Rejects with {@link CrashViolation} at the first check that throws, and with the program's own error where it rejects.
 */
export async function everyCrash<Promised>(options: EveryCrashOptions<Promised>): Promise<CrashReport> {
  const { backend = powerLossBackend(), promised, depth = 1, states = {} } = options
  // How many power cuts were still to come when a state was checked: with more to come than then it is checked again.
  const checked = new Map<string, number>()
  const promises = new Map<string, number>()

  async function examine(moment: Moment, cuts: readonly Cut[], left: number): Promise<void> {
    if (!promises.has(moment.promised)) promises.set(moment.promised, promises.size)
    for (const state of moment.states) {
      const key = `${state.hash}${promises.get(moment.promised)}`
      if ((checked.get(key) ?? 0) >= left) continue
      checked.set(key, left)
      const story = [...cuts, { moment: moment.words, state }]
      const recovering = state.backend()
      const given = JSON.parse(moment.promised) as Promised
      const moments = recorder(recovering, () => JSON.stringify(given), left > 1 ? states : undefined)
      try {
        await options.check(recovering, given, state)
      } catch (error) {
        throw new CrashViolation(story, { cause: error, promised: JSON.parse(moment.promised) })
      }
      for (const next of moments()) await examine(next, story, left - 1)
    }
  }

  const moments = recorder(backend, () => JSON.stringify(promised), states)
  await options.run(backend, promised)
  const ofProgram = moments()
  // One power cut less each time first: the shortest story that goes wrong is the one to tell.
  for (let cuts = 1; cuts <= depth; cuts++) for (const moment of ofProgram) await examine(moment, [], cuts)
  return { moments: ofProgram.length, states: checked.size }
}

/** Keeps every moment at which a power cut could leave something new, from now until the returned function is called: that one is the last. */
function recorder(backend: PowerLossBackend, promised: () => string, options: CrashStateOptions | undefined): () => readonly Moment[] {
  if (!options) return () => []
  const moments: Moment[] = []
  let last = ''
  const record = (words: string) => {
    const now = promised()
    const key = `${backend.revision} ${now}`
    if (key === last) return
    last = key
    moments.push({ words, promised: now, states: backend.crashStates(options) })
  }
  const stop = backend.onStep((step) => record(describeStep(step)))
  return () => {
    stop()
    record('at the end')
    return moments
  }
}

function describeStep(step: PowerLossStep): string {
  const name = step.name === undefined ? '' : ` ${step.name}`
  return `${step.phase} step ${step.number}, ${step.kind}${name}${step.to === undefined ? '' : ` to ${step.to}`}`
}
