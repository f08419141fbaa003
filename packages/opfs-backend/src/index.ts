export { type OpfsBackendOptions, opfsBackend } from './opfs-backend.js'
export { type OpfsPageBackendOptions, opfsPageBackend } from './page/page-backend.js'
export { persist, type StorageStatus, storageStatus } from './storage-status.js'
export type { MessageEndpoint } from './web-platform.js'
