export * from '@varve/core'
export { type FsBackendOptions, fsBackend, type StopOnSignalsOptions, type Stoppable, stopOnSignals } from '@varve/fs-backend'
export { backendAt, parseStoreName, type StorePlace } from './backend-at.js'
export { type OpenOptions, open } from './open.js'
