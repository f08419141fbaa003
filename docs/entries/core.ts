/** @module @varve/core */
export * from '../../packages/core/src/index.js'
