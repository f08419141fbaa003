import type { Contender } from './contender.js'
import type { Host } from './job.js'
import { SeededItems } from './seeded-items.js'
import type { Dataset } from './workload.js'

const SYNC_BYTES = 16 * 1024 * 1024
const UNSYNCED_BYTES = 1024 * 1024

/** Lays items down with a sync now and then, adds a mebibyte more, and ends without a word: what a crash leaves behind. */
export async function fillAndDie(
  contender: Contender,
  directory: string,
  { size, count }: Dataset,
  host: Pick<Host, 'die'>,
): Promise<void> {
  const writer = await contender.create(directory)
  const items = SeededItems.of(size)
  const batch = Math.ceil(SYNC_BYTES / size)
  for (let n = 0; n < count; n += batch) {
    await writer.addMany(items.slice(n, Math.min(n + batch, count)))
    await writer.sync()
  }
  for (let n = 0; n < UNSYNCED_BYTES / size; n++) await writer.add!(items.get(n))
  host.die()
  await writer.close()
}
