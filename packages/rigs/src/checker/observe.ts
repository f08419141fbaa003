export { BrokenPromise } from './broken-promise.js'
