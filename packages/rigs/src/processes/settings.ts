import type { Random } from '@varve/backend/faults'
import type { VarveOptions } from '@varve/core'
import { pick } from '../programs/pick.js'

/** The options of one life: tiny files and buffers, so that everything comes to pass within milliseconds. */
export function randomSettings(random: Random): VarveOptions {
  const maxFileSize = pick(random, [700, 1500, 4000, 20_000])
  return {
    maxFileSize,
    filePadding: 7,
    maxBufferSize: pick(random, [256, 400, maxFileSize >> 1]),
    maxBufferItems: pick(random, [2, 5, 1000]),
    flushInterval: pick(random, [2, 20, 30_000]),
    durability: pick(random, ['sync', 'sync', 'os'] as const),
    overwrite: true,
  }
}

/** What a look at the same store needs: nothing of the above changes what is stored. */
export const lookSettings: VarveOptions = { filePadding: 7, overwrite: true }
