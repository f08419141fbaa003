/** @module @varve/backend */
export * from '../../packages/backend/src/index.js'
