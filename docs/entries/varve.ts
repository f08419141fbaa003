/** @module varve */
export * from '../../packages/varve/src/index.js'
