import {
  type BackendCall,
  everyFault,
  type Fault,
  type FaultAttempt,
  type FaultReport,
  fittingFaults,
  type PowerLossBackend,
  powerLossBackend,
} from '@varve/backend/faults'
import { BrokenPromise } from '../checker/broken-promise.js'
import { withStoreId } from '../programs/fixed-store-id.js'
import { ManualClock } from '../programs/manual-clock.js'
import { Account } from '../watch/account.js'
import { type LosableBackend, losableLock } from '../watch/losable-lock.js'
import { losesName, losesPages } from '../watch/lost-syncs.js'
import { assertKeptWhenReopened, recoverAndLook } from '../watch/reopening.js'
import { type Look, settlementOf } from '../watch/settlement.js'
import type { ErrorProgram } from './error-program.js'
import { ErrorRun } from './error-run.js'

export interface EveryErrorOptions {
  /** The fault stays, for every later call of its kind. Default: it strikes once. */
  readonly persistent?: boolean
  /** States of the disk after a power cut that are recovered after each step that comes with or behind a fault. Default 2. */
  readonly powerCuts?: number
}

export interface ErrorReport extends FaultReport {
  /** Power cuts after a fault. */
  readonly powerCuts: number
}

interface World {
  readonly backend: LosableBackend
  readonly disk: PowerLossBackend
  readonly account: Account
  run?: ErrorRun
  isStopped?: boolean
}

/** The loop of errors: runs a program once for each of its backend calls and each error that fits the call, and checks what is left each time. */
export async function everyError(
  program: ErrorProgram,
  { persistent = false, powerCuts = 2 }: EveryErrorOptions = {},
): Promise<ErrorReport> {
  let cuts = 0
  let seen = -1
  let world: World | undefined
  const looks: Looks = new Map()
  const report = await withStoreId(1, () =>
    everyFault<World>({
      persistent,
      make: () => {
        const disk = powerLossBackend()
        seen = -1
        world = { backend: losableLock(disk), disk, account: new Account() }
        return world
      },
      faultsFor: (call) => faultsFor(call, world as World),
      run: async (backend, world) => {
        const { disk, account } = world
        const afterFault = async (): Promise<void> => {
          // What only reads leaves nothing new for a power cut.
          if (disk.revision === seen) return
          seen = disk.revision
          cuts += await assertKeptAfterPowerCut(disk, account, { program, looks, most: powerCuts })
        }
        world.run = new ErrorRun({ backend, disk, program, account, clock: new ManualClock(), afterFault })
        world.isStopped = await world.run.run()
      },
      check: async ({ backend, account, run, isStopped = false }, attempt) => {
        run?.die()
        // A store that could not be stopped must not be kept in memory until the program ends.
        backend.loseLock()
        // A run rejects only where a promise is broken: errors of the store are no news to it.
        if (attempt.error) throw attempt.error
        assertNothingLeft(attempt, isStopped, persistent)
        await assertKeptWhenReopened(backend, program.settings, account)
      },
    }),
  )
  return { ...report, powerCuts: cuts }
}

/** Everything that fits the call, and for a sync also what Linux does: its pages are lost, and the next sync succeeds; likewise of names. */
function faultsFor(call: BackendCall, { disk }: World): readonly Fault[] {
  const fitting = fittingFaults[call.kind]
  if (call.kind === 'sync') return [...fitting, losesPages(disk)]
  return call.kind === 'create' || call.kind === 'replace' || call.kind === 'remove' ? [...fitting, losesName(disk)] : fitting
}

/** What a program's power cuts come to, by the hash of what they left: one error after the other leaves the same, and it is recovered once. */
type Looks = Map<string, Look>

interface PowerCuts {
  readonly program: ErrorProgram
  readonly looks: Looks
  readonly most: number
}

/** What was acknowledged up to now must survive a power cut now. */
async function assertKeptAfterPowerCut(disk: PowerLossBackend, account: Account, { program, looks, most }: PowerCuts): Promise<number> {
  let cuts = 0
  // The program may go on meanwhile.
  const promised = account.copy()
  for (const state of disk.crashStates()) {
    if (cuts >= most) break
    cuts++
    try {
      const look = looks.get(state.hash) ?? (await recoverAndLook(state.backend(), program.settings))
      looks.set(state.hash, look)
      settlementOf(promised, look)
    } catch (error) {
      throw new BrokenPromise(`after a power cut (${state.description}): ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  return cuts
}

function assertNothingLeft({ left }: FaultAttempt, isStopped: boolean, persistent: boolean): void {
  if (!isStopped && !persistent) throw new BrokenPromise('the store could not be stopped, though nothing went wrong any more')
  if (!isStopped) return
  if (left.files.length > 0) throw new BrokenPromise(`after stop handles are open: ${left.files.join(', ')}`)
  if (left.locks > 0) throw new BrokenPromise('after stop the lock is held')
}
