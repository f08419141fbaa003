import type { Writer } from '../contender.js'
import { Meter } from '../measure/meter.js'
import { readyPageCache } from '../measure/ready-page-cache.js'
import { SeededItems } from '../seeded-items.js'
import { scaled, type Workload } from '../workload.js'

const BATCH_BYTES = 1024 * 1024
const MOST_A_BATCH = 1000
const BYTES_UNLOOKED = 64 * 1024

/** After how long no further item is begun; the first ones are, however late it is. */
export const INGEST_MS = 4000

interface Ingest {
  readonly size: number
  readonly way: 'many' | 'each'
  readonly quick?: true
}

/** Takes items of `size` bytes as fast as it can, as many as there are or as it begins to take in {@link INGEST_MS}, with one sync at the end, which is in the time. */
function ingest(name: string, title: string, { size, way, quick }: Ingest): Workload {
  return {
    name: `ingest-${name}-${way}`,
    title: `ingest ${title}, ${way === 'many' ? 'addMany' : 'awaited add'}`,
    group: 'ingest, one sync at the end',
    figure: 'items/s',
    needs: [way === 'each' ? 'add' : 'addMany'],
    durable: 'end',
    itemBytes: size,
    ...(quick && { quick }),
    async measure(contender, { directory, scale }) {
      const items = SeededItems.of(size)
      const total = scaled(ingestCounts[size]!, scale)
      await readyPageCache(directory, total * size)
      const meter = new Meter()
      const writer = await contender.create(directory)
      const measurement = await meter.time(async () => {
        const taken = await (way === 'many' ? inBatches : oneByOne)(writer, items, total, performance.now() + INGEST_MS * scale)
        await writer.sync()
        return { items: taken, bytes: taken * size }
      })
      await writer.close()
      return measurement
    },
  }
}

async function inBatches(writer: Writer, items: SeededItems, total: number, end: number): Promise<number> {
  const batch = Math.min(MOST_A_BATCH, Math.max(1, Math.floor(BATCH_BYTES / items.size)))
  let taken = 0
  do {
    const next = Math.min(taken + batch, total)
    await writer.addMany(items.slice(taken, next))
    taken = next
  } while (taken < total && performance.now() < end)
  return taken
}

async function oneByOne(writer: Writer, items: SeededItems, total: number, end: number): Promise<number> {
  // To look at the clock takes as long as to add a small one.
  const unlooked = Math.ceil(BYTES_UNLOOKED / items.size)
  for (let n = 0; n < total; n++) {
    if (n > 0 && n % unlooked === 0 && performance.now() >= end) return n
    await writer.add!(items.get(n))
  }
  return total
}

const KiB = 1024

/** How many items of each size, at most: about half a gigabyte, as more would meet the memory of the machine's host, where there is one, and not the disk. */
export const ingestCounts: Readonly<Record<number, number>> = {
  100: 4_000_000,
  [KiB]: 500_000,
  [16 * KiB]: 32_000,
  [256 * KiB]: 2000,
  // Larger than a slab, and smaller than the buffer.
  [2.5 * KiB * KiB]: 200,
  [4 * KiB * KiB]: 125,
}

export const ingestWorkloads: readonly Workload[] = (['many', 'each'] as const).flatMap((way) => [
  ingest('100b', '100 B', { size: 100, way, quick: true }),
  ingest('1k', '1 KiB', { size: KiB, way, ...(way === 'many' && { quick: true }) }),
  ingest('16k', '16 KiB', { size: 16 * KiB, way }),
  ingest('256k', '256 KiB', { size: 256 * KiB, way, ...(way === 'many' && { quick: true }) }),
  ingest('2m5', '2.5 MiB', { size: 2.5 * KiB * KiB, way }),
  ingest('4m', '4 MiB', { size: 4 * KiB * KiB, way }),
])
