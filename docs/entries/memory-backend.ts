/** @module @varve/memory-backend */
export * from '../../packages/memory-backend/src/index.js'
