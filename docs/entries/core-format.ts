/** @module @varve/core/format */
export * from '../../packages/core/src/format/index.js'
