import type { FileBackend } from '../file-backend.js'
import { type BackendCall, type CallKind, describeCall } from './backend-call.js'
import type { LeftBehind } from './call-director.js'
import type { LoggedCall } from './call-log.js'
import type { Fault } from './fault.js'
import { type FaultyBackend, faultyBackend } from './faulty-backend.js'
import { fittingFaults } from './fitting-faults.js'

/** What one run starts from: a backend, and whatever else `run` and `check` share, a ledger of what was acknowledged for one. */
export interface FaultWorld {
  readonly backend: FileBackend
}

export interface EveryFaultOptions<World extends FaultWorld> {
  /** A fresh world for each run. The same each time, so that the n-th call is the same call. */
  make(): World | Promise<World>
  /** The program under test, on `backend` and not on `world.backend`. It may reject where a fault strikes it. */
  run(backend: FaultyBackend, world: World): Promise<unknown>
  /** Opens `world.backend`, in which there are no faults and nobody holds a lock, and throws where a promise was broken. */
  check(world: World, attempt: FaultAttempt): void | Promise<void>
  /** The faults to try on a call. Default {@link fittingFaults} of its kind; none means that the call is left out. */
  faultsFor?(call: BackendCall): readonly Fault[]
  /** The fault stays: every later call of the same kind gets it too. Default false: it strikes once. */
  persistent?: boolean
}

/** How one run went. */
export interface FaultAttempt {
  /** The call that got the fault; undefined for the first run, which has none. */
  readonly call: BackendCall | undefined
  readonly fault: Fault | undefined
  /** Whether `run` resolved. */
  readonly completed: boolean
  /** What `run` rejected with. */
  readonly error: unknown
  /** What the program had not given back when it ended: after a run that completed, a leak. */
  readonly left: LeftBehind
  readonly calls: readonly LoggedCall[]
}

/** What {@link everyFault} did. */
export interface FaultReport {
  /** Calls of the run without faults. */
  readonly calls: number
  /** Runs that had a fault, each of them checked. */
  readonly faults: number
  readonly ofKind: { readonly [Kind in CallKind]?: number }
}

/** A check that failed after a fault. `cause` has why. */
export class FaultViolation extends Error {
  override readonly name = 'FaultViolation'
  readonly attempt: FaultAttempt

  constructor(attempt: FaultAttempt, options: { readonly cause: unknown }) {
    const where = attempt.call ? `${describeCall(attempt.call)} ${attempt.fault?.description}` : 'without any fault'
    super(`${where}: ${options.cause instanceof Error ? options.cause.message : String(options.cause)}`, options)
    this.attempt = attempt
  }
}

/**
 * SQLite's loop: runs a program once without faults, then once for each of its calls and each fault that fits the call, until a run
 * completes before the call is reached; and checks the world after each. With `faultsFor: () => [die(), die({ when: 'after' })]` the process
 * ends at every call instead.
 *
 * Rejects with {@link FaultViolation} at the first check that throws, and where the run without faults rejects.
 */
export async function everyFault<World extends FaultWorld>(options: EveryFaultOptions<World>): Promise<FaultReport> {
  const ofKind: { [Kind in CallKind]?: number } = {}
  const { calls } = await attempt(options, 0, 0)
  let faults = 0
  for (let number = 1; ; number++) {
    let choices = 1
    for (let choice = 0; choice < choices; choice++) {
      const { strike } = await attempt(options, number, choice)
      if (!strike) {
        if (choice === 0) return { calls, faults, ofKind }
        break
      }
      choices = strike.choices
      if (choices === 0) break
      faults++
      ofKind[strike.call.kind] = (ofKind[strike.call.kind] ?? 0) + 1
    }
  }
}

interface Strike {
  readonly call: BackendCall
  readonly fault: Fault | undefined
  readonly choices: number
}

/** One run in which call `number` gets the fault `choice` of those that fit it; number 0 is none. No strike: the call was not reached. */
async function attempt<World extends FaultWorld>(options: EveryFaultOptions<World>, number: number, choice: number) {
  const { faultsFor = (call: BackendCall) => fittingFaults[call.kind] } = options
  const world = await options.make()
  let strike: Strike | undefined
  const faulty = faultyBackend(world.backend, (call) => {
    if (call.number !== number) return options.persistent && call.kind === strike?.call.kind ? strike.fault : undefined
    const faults = faultsFor(call)
    strike = { call, fault: faults[choice], choices: faults.length }
    return strike.fault
  })
  // A dead process never answers, so its death ends the run as well.
  const run = Promise.race([options.run(faulty, world), faulty.died.then(() => Promise.reject(new Error('the process died')))])
  const outcome = await run.then(
    () => ({ completed: true, error: undefined }),
    (error: unknown) => ({ completed: false, error }),
  )
  const left = await faulty.end()
  const attempted = { call: strike?.call, fault: strike?.fault, ...outcome, left, calls: faulty.calls }
  if (number === 0 && !outcome.completed) throw new FaultViolation(attempted, { cause: outcome.error })
  try {
    await options.check(world, attempted)
  } catch (error) {
    throw new FaultViolation(attempted, { cause: error })
  }
  return { calls: faulty.count(), strike }
}
