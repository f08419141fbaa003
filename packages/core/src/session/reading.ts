// What only a store with `readOnly` needs: loaded when the first one is started.
export { openForReading } from '../maintain/open-for-reading.js'
export { ReadableSession } from './readable-session.js'
