export * from '@varve/core'
export { type FsBackendOptions, fsBackend, type StopOnSignalsOptions, type Stoppable, stopOnSignals } from '@varve/fs-backend'
export { type OpenOptions, open } from './open.js'
