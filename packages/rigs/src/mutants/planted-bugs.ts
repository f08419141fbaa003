import { bugsOfBackends } from './bugs-of-backends.js'
import { bugsOfConsuming } from './bugs-of-consuming.js'
import { bugsOfReading } from './bugs-of-reading.js'
import { bugsOfRecovery } from './bugs-of-recovery.js'
import { bugsOfRemoval } from './bugs-of-removal.js'
import { bugsOfWriting } from './bugs-of-writing.js'
import type { Mutant } from './mutant.js'

/** Every planted bug: each of them has to be caught. */
export const plantedBugs: readonly Mutant[] = [
  ...bugsOfWriting,
  ...bugsOfRecovery,
  ...bugsOfRemoval,
  ...bugsOfConsuming,
  ...bugsOfReading,
  ...bugsOfBackends,
]
