import type { FileBackend } from '@varve/backend'
import { BrokenPromise } from '../checker/broken-promise.js'
import type { StoreSettings } from '../programs/program.js'
import type { Account } from './account.js'
import { describeEntry } from './entry.js'
import { lookAt } from './look-at.js'
import { Sight } from './watched-scan.js'

/** Looks at a store that another process is writing to. What it shows need not be durable, but all that is must be there. */
export async function lookBeside(backend: FileBackend, settings: StoreSettings, account: Account): Promise<void> {
  // What a reader sees says nothing to the writer's account.
  const own = account.copy()
  const wanted = own.stored().filter(({ state }) => state === 'durable')
  const sight = new Sight(own, { buffered: true })
  for (const item of (await lookAt(backend, settings)).items) sight.see(item)
  sight.assertGroupsWhole()
  for (const entry of wanted)
    if (!sight.covers(entry)) throw new BrokenPromise(`a reader beside the writer does not see ${describeEntry(entry)}`)
}
