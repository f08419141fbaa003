export { type FsBackendOptions, fsBackend } from './fs-backend.js'
export { lockHolderOf } from './lock-holder-of.js'
export { type StopOnSignalsOptions, type Stoppable, stopOnSignals } from './stop-on-signals.js'
