/** @module @varve/backend/faults */
export * from '../../packages/backend/src/faults/index.js'
