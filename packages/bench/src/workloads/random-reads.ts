import type { Reader } from '../contender.js'
import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { SeededItems, seededNumbers } from '../seeded-items.js'
import { type Dataset, scaled, scaledDataset, type Workload } from '../workload.js'
import { medium, small, tall } from './datasets.js'
import { measureReads } from './read-loops.js'

/** So many places are read over and over: to make one costs some contenders as much as to read there. */
const PLACES = 300_000

type Spread = 'uniform' | '80/20'

interface Reads {
  readonly dataset: Dataset
  readonly title: string
  /** 0 for synchronous reads. */
  readonly inFlight: number
  readonly spread: Spread
}

/** Reads items at random places of a store that was filled and stopped before; its files are in the page cache, and reads of the same kind went before. */
function randomReads(name: string, { dataset, title, inFlight, spread }: Reads): Workload {
  const way = inFlight === 0 ? 'sync' : `async-${inFlight}`
  return {
    name: `read-${name}-${way}${spread === 'uniform' ? '' : '-8020'}`,
    title: `random reads ${title}, ${inFlight === 0 ? 'sync' : `${inFlight} in flight`}${spread === 'uniform' ? '' : ', 80/20'}`,
    group: 'random reads',
    figure: 'items/s',
    needs: [inFlight === 0 ? 'readSync' : 'read'],
    itemBytes: dataset.size,
    dataset,
    ...(spread === 'uniform' && inFlight !== 1 && inFlight !== 256 && dataset !== tall && { quick: true }),
    async measure(contender, { directory, scale }) {
      const filled = scaledDataset(dataset, scale)
      const latencies = new Latencies()
      const meter = new Meter()
      const reader = await contender.open(directory, filled)
      await check(reader, filled, inFlight === 0)
      const keys = places({ items: filled.count, reads: scaled(PLACES, scale), spread, seed: 0xd1ce }).map((n) => reader.key(n))
      const measurement = await measureReads(meter, { reader, keys, itemBytes: dataset.size, inFlight, scale }, latencies)
      await reader.close()
      return measurement
    },
  }
}

/** Uniform: every item as often as any other. 80/20: four reads of five go to a fifth of the items, which lie everywhere. */
function places({ items, reads, spread, seed }: { items: number; reads: number; spread: Spread; seed: number }): number[] {
  const next = seededNumbers(seed)
  if (spread === 'uniform') return Array.from({ length: reads }, () => next() % items)
  return Array.from({ length: reads }, () => {
    const isHot = next() % 5 < 4
    const n = next() % items
    return isHot ? n - (n % 5) : n
  })
}

/** Whoever gives wrong bytes fast has not won. */
async function check(reader: Reader, { size, count }: Dataset, sync: boolean): Promise<void> {
  const items = SeededItems.of(size)
  for (const n of [0, count >> 1, count - 1]) {
    const item = sync ? reader.readSync!(reader.key(n)) : await reader.read!(reader.key(n))
    // One that gives views of memory that it uses again gives longer ones than it says.
    if (item?.length !== size || !items.get(n).equals(item.subarray(0, size))) throw new Error(`item ${n} was read wrong`)
  }
}

const sizes: readonly [name: string, title: string, dataset: Dataset][] = [
  ['100b', '100 B', small],
  ['1k', '1 KiB', medium],
  ['16k', '16 KiB', tall],
]

export const randomReadWorkloads: readonly Workload[] = sizes.flatMap(([name, title, dataset]) =>
  [0, 1, 32, 256].flatMap((inFlight) =>
    (['uniform', '80/20'] as const).map((spread) => randomReads(name, { dataset, title, inFlight, spread })),
  ),
)
