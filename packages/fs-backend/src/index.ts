export { type FsBackendOptions, fsBackend } from './fs-backend.js'
export { type StopOnSignalsOptions, type Stoppable, stopOnSignals } from './stop-on-signals.js'
