/** @module @varve/opfs-backend */
export * from '../../packages/opfs-backend/src/index.js'
