import { onFirstUse } from '../on-first-use.js'

/** The part that replicates, loaded when the first replication begins. */
export const loadReplication = onFirstUse(() => import('./replication-run.js'))
