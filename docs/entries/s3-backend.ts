/** @module @varve/s3-backend */
export * from '../../packages/s3-backend/src/index.js'
