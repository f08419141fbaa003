export { BackendError, type BackendErrorCode, type BackendFile, type BackendLock, type FileBackend } from '@varve/backend'
export type { CopyOptions, CopyProgress, CopyReport } from './copy/copy-store.js'
export type { Cursor, CursorItemsOptions } from './cursor/cursor.js'
export type { CursorInfo } from './cursor/cursors.js'
export { VarveError, type VarveErrorCode, type VarveErrorDetails } from './errors.js'
export type {
  CursorEvent,
  DestroyDbEvent,
  DestroyIndexEvent,
  FailureEvent,
  Listener,
  RecoverEvent,
  RecoveredCut,
  ReplicateEvent,
  RotateEvent,
  StartEvent,
  StopEvent,
  SyncEvent,
  TrimEvent,
  VarveEventName,
  VarveEvents,
  WriteEvent,
} from './events.js'
export {
  compareLocations,
  decodeLocation,
  encodeLocation,
  formatLocation,
  LOCATION_BYTES,
  type Location,
  parseLocation,
} from './location.js'
export type { Logger } from './logger.js'
export type { TrimOptions } from './maintain/maintenance.js'
export type { RepairAction, RepairOptions, RepairReport, RepairStep } from './maintain/repair.js'
export type { VerifyOptions, VerifyProgress, VerifyReport } from './maintain/verify.js'
export { type Durability, GiB, KiB, MiB, type ResolvedOptions, type RetentionOptions, type VarveOptions } from './options.js'
export type { Damage, DamageKind, SequenceRange } from './read/damage.js'
export type { ReadStreamOptions } from './read/read-stream.js'
export type { Scan, ScannedItem, ScannedLocation, ScanOptions, ScanPoint } from './read/scan-options.js'
export { type ReplicableStore, type ReplicateOptions, type Replication, replicate } from './replicate/replicate.js'
export type { ReplicationProgress } from './replicate/replication-progress.js'
export type { VarveState, VarveStats } from './stats.js'
export { type ReadOptions, Varve } from './varve.js'
export { Transaction } from './write/transaction.js'
export type { AddOptions } from './write/writer.js'
