import { appending } from './appending.js'
import { closing } from './closing.js'
import type { ConformanceCase } from './conformance-case.js'
import { creating } from './creating.js'
import { destroying } from './destroying.js'
import { failing } from './failing.js'
import { listing } from './listing.js'
import { locking } from './locking.js'
import { naming } from './naming.js'
import { opening } from './opening.js'
import { overlapping } from './overlapping.js'
import { reading } from './reading.js'
import { removing } from './removing.js'
import { replacing } from './replacing.js'
import { syncing } from './syncing.js'
import { truncating } from './truncating.js'

/** Every case of the suite, by topic. */
export const conformanceSuite: { readonly [topic: string]: readonly ConformanceCase[] } = {
  naming,
  creating,
  opening,
  listing,
  reading,
  appending,
  truncating,
  syncing,
  replacing,
  removing,
  destroying,
  locking,
  closing,
  overlapping,
  failing,
}
