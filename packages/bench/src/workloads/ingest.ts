import type { Writer } from '../contender.js'
import { SeededItems } from '../seeded-items.js'
import { scaled, timed, type Workload } from '../workload.js'

const BATCH = 1000

type Feed = (writer: Writer, items: SeededItems, total: number) => Promise<void>

const inBatches: Feed = async (writer, items, total) => {
  for (let n = 0; n < total; n += BATCH) await writer.addMany(items.slice(n, Math.min(n + BATCH, total)))
}

const oneByOne: Feed = async (writer, items, total) => {
  for (let n = 0; n < total; n++) await writer.add(items.get(n))
}

/** Takes `count` items of `size` bytes as fast as it can, with one sync at the end, which is in the time. */
function ingest(name: string, title: string, { size, count, feed }: { size: number; count: number; feed: Feed }): Workload {
  return {
    name: `ingest-${name}`,
    title: `ingest ${title}`,
    async measure(contender, { directory, scale }) {
      const items = new SeededItems(size)
      const writer = await contender.create(directory)
      const total = scaled(count, scale)
      const measurement = await timed(size, async () => {
        await feed(writer, items, total)
        await writer.sync()
        return total
      })
      await writer.close()
      return measurement
    },
  }
}

export const ingestWorkloads: readonly Workload[] = [
  ingest('100b-many', '100 B, addMany', { size: 100, count: 600_000, feed: inBatches }),
  ingest('100b-each', '100 B, awaited add', { size: 100, count: 600_000, feed: oneByOne }),
  ingest('1k-many', '1 KiB, addMany', { size: 1024, count: 200_000, feed: inBatches }),
  ingest('1k-each', '1 KiB, awaited add', { size: 1024, count: 200_000, feed: oneByOne }),
  ingest('256k-many', '256 KiB, addMany', { size: 256 * 1024, count: 1200, feed: inBatches }),
  ingest('256k-each', '256 KiB, awaited add', { size: 256 * 1024, count: 1200, feed: oneByOne }),
]
