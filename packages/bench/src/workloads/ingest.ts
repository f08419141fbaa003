import type { Writer } from '../contender.js'
import { Meter } from '../measure/meter.js'
import { SeededItems } from '../seeded-items.js'
import { scaled, type Workload } from '../workload.js'

const BATCH_BYTES = 1024 * 1024
const MOST_A_BATCH = 1000

interface Ingest {
  readonly size: number
  readonly way: 'many' | 'each'
  readonly quick?: true
}

/** Takes items of `size` bytes as fast as it can, with one sync at the end, which is in the time. */
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
      const meter = new Meter()
      const writer = await contender.create(directory)
      const total = scaled(ingestCounts[size]!, scale)
      const measurement = await meter.time(async () => {
        await (way === 'many' ? inBatches : oneByOne)(writer, items, total)
        await writer.sync()
        return { items: total, bytes: total * size }
      })
      await writer.close()
      return measurement
    },
  }
}

async function inBatches(writer: Writer, items: SeededItems, total: number): Promise<void> {
  const batch = Math.min(MOST_A_BATCH, Math.max(1, Math.floor(BATCH_BYTES / items.size)))
  for (let n = 0; n < total; n += batch) await writer.addMany(items.slice(n, Math.min(n + batch, total)))
}

async function oneByOne(writer: Writer, items: SeededItems, total: number): Promise<void> {
  for (let n = 0; n < total; n++) await writer.add!(items.get(n))
}

const KiB = 1024

/** How many items of each size. */
export const ingestCounts: Readonly<Record<number, number>> = {
  100: 600_000,
  [KiB]: 200_000,
  [16 * KiB]: 20_000,
  [256 * KiB]: 1200,
  [4 * KiB * KiB]: 80,
}

export const ingestWorkloads: readonly Workload[] = (['many', 'each'] as const).flatMap((way) => [
  ingest('100b', '100 B', { size: 100, way, quick: true }),
  ingest('1k', '1 KiB', { size: KiB, way, ...(way === 'many' && { quick: true }) }),
  ingest('16k', '16 KiB', { size: 16 * KiB, way }),
  ingest('256k', '256 KiB', { size: 256 * KiB, way, ...(way === 'many' && { quick: true }) }),
  ingest('4m', '4 MiB', { size: 4 * KiB * KiB, way }),
])
