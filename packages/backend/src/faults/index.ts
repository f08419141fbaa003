export { type BackendCall, type CallKind, callKinds, describeCall } from './backend-call.js'
export type { LeftBehind } from './call-director.js'
export type { LoggedCall } from './call-log.js'
export { type CrashReport, CrashViolation, type EveryCrashOptions, everyCrash } from './every-crash.js'
export { type EveryFaultOptions, everyFault, type FaultAttempt, type FaultReport, FaultViolation, type FaultWorld } from './every-fault.js'
export { act, die, type Fault, type FaultMoment, fail, hold, shorten } from './fault.js'
export type { FaultChooser, FaultPlan, FaultRule } from './fault-plan.js'
export { type FaultyBackend, faultyBackend } from './faulty-backend.js'
export { fittingFaults } from './fitting-faults.js'
export type { Hold } from './hold.js'
export type {
  CrashState,
  CrashStateOptions,
  DirectorySync,
  Files,
  PowerLossBackend,
  PowerLossOptions,
  PowerLossStep,
  SyncFailure,
} from './power-loss.js'
export { powerLossBackend } from './power-loss-backend.js'
export { type Random, seededRandom } from './seeded-random.js'
export { readFiles, writeFiles } from './stored-files.js'
