import type { Reader } from '../contender.js'
import { SeededItems, seededNumbers } from '../seeded-items.js'
import { type Dataset, scaled, scaledDataset, timed, type Workload } from '../workload.js'

const SYNC_READS = 150_000
const ASYNC_READS = 60_000
const IN_FLIGHT = 32

/** Reads items at random places of a store that was filled and stopped before; its files are in the page cache. */
function randomReads(name: string, title: string, { dataset, way }: { dataset: Dataset; way: 'sync' | 'async' }): Workload {
  return {
    name: `read-${name}`,
    title: `random reads ${title}`,
    dataset,
    async measure(contender, { directory, scale }) {
      const filled = scaledDataset(dataset, scale)
      const reader = await contender.open(directory, filled)
      await check(reader, filled)
      const next = seededNumbers(0xd1ce)
      const places = Array.from({ length: scaled(way === 'sync' ? SYNC_READS : ASYNC_READS, scale) }, () => next() % filled.count)
      const measurement = await timed(dataset.size, () => (way === 'sync' ? readSync(reader, places) : readAsync(reader, places)))
      await reader.close()
      return measurement
    },
  }
}

async function readSync(reader: Reader, places: readonly number[]): Promise<number> {
  for (const place of places) reader.readSync(place)
  return places.length
}

async function readAsync(reader: Reader, places: readonly number[]): Promise<number> {
  let at = 0
  const read = async () => {
    while (at < places.length) await reader.read(places[at++]!)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, read))
  return places.length
}

/** Whoever gives wrong bytes fast has not won. */
async function check(reader: Reader, { size, count }: Dataset): Promise<void> {
  const items = new SeededItems(size)
  for (const n of [0, count >> 1, count - 1]) {
    const expected = Buffer.from(items.get(n))
    if (!expected.equals(reader.readSync(n)) || !expected.equals(await reader.read(n))) throw new Error(`item ${n} was read wrong`)
  }
}

const small: Dataset = { size: 100, count: 600_000 }
const medium: Dataset = { size: 1024, count: 200_000 }

export const randomReadWorkloads: readonly Workload[] = [
  randomReads('100b-sync', '100 B, sync', { dataset: small, way: 'sync' }),
  randomReads('100b-async', `100 B, async, ${IN_FLIGHT} in flight`, { dataset: small, way: 'async' }),
  randomReads('1k-sync', '1 KiB, sync', { dataset: medium, way: 'sync' }),
  randomReads('1k-async', `1 KiB, async, ${IN_FLIGHT} in flight`, { dataset: medium, way: 'async' }),
]
