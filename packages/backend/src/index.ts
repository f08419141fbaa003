export { BackendError, type BackendErrorCode } from './backend-error.js'
export type { BackendFile, BackendLock, FileBackend } from './file-backend.js'
export { assertFileName, isFileName } from './file-name.js'
