/** @module @varve/fs-backend */
export * from '../../packages/fs-backend/src/index.js'
