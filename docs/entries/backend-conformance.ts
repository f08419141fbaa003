/** @module @varve/backend/conformance */
export * from '../../packages/backend/src/conformance/index.js'
