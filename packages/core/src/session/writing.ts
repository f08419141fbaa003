// What only a writer needs: loaded when the first store is started for writing.
export { openForWriting } from '../maintain/open-for-writing.js'
export { loadMaintenance, WritableSession } from './writable-session.js'
