import type { Contender } from '../../contender.js'
import { SeededItems } from '../../seeded-items.js'

const BATCH = 1000

/** Lays a data set down through the contender's own writer. */
export function fillByWriter(create: Contender['create']): Contender['fill'] {
  return async (directory, { size, count }) => {
    const writer = await create(directory)
    const items = SeededItems.of(size)
    for (let n = 0; n < count; n += BATCH) await writer.addMany(items.slice(n, Math.min(n + BATCH, count)))
    await writer.sync()
    await writer.close()
  }
}
