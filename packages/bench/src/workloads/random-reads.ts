import type { Key, Reader } from '../contender.js'
import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { SeededItems, seededNumbers } from '../seeded-items.js'
import { type Dataset, scaled, scaledDataset, type Workload } from '../workload.js'
import { medium, small, tall } from './datasets.js'

const SYNC_READS = 150_000
const ASYNC_READS = 60_000
/** To look at the clock takes a good part of the time of a synchronous read, so few of them are timed one by one. */
const TIMED_ONE_IN = 32

type Spread = 'uniform' | '80/20'

interface Reads {
  readonly dataset: Dataset
  readonly title: string
  /** 0 for synchronous reads. */
  readonly inFlight: number
  readonly spread: Spread
}

/** Reads items at random places of a store that was filled and stopped before; its files are in the page cache, and as many reads at other places went before. */
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
      const count = scaled(inFlight === 0 ? SYNC_READS : ASYNC_READS, scale)
      const keysOf = (seed: number) => places({ items: filled.count, reads: count, spread, seed }).map((n) => reader.key(n))
      const [before, keys] = [keysOf(0xbef0), keysOf(0xd1ce)]
      // A program that reads much does so for longer than its code takes to be compiled: each contender is warm when the clock starts.
      if (inFlight === 0) readSync(reader, before, new Latencies())
      else await readAsync(reader, before, inFlight, new Latencies())
      const measurement = await meter.time(async () => {
        if (inFlight === 0) readSync(reader, keys, latencies)
        else await readAsync(reader, keys, inFlight, latencies)
        return { items: keys.length, bytes: keys.length * dataset.size }
      }, latencies)
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

function readSync(reader: Reader, keys: readonly Key[], latencies: Latencies): void {
  for (const [n, key] of keys.entries()) {
    if (n % TIMED_ONE_IN > 0) reader.readSync!(key)
    else {
      const start = performance.now()
      reader.readSync!(key)
      latencies.since(start)
    }
  }
}

async function readAsync(reader: Reader, keys: readonly Key[], inFlight: number, latencies: Latencies): Promise<void> {
  let at = 0
  const read = async () => {
    while (at < keys.length) {
      const n = at++
      const start = n % TIMED_ONE_IN === 0 ? performance.now() : 0
      await reader.read!(keys[n])
      if (n % TIMED_ONE_IN === 0) latencies.since(start)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, read))
}

/** Whoever gives wrong bytes fast has not won. */
async function check(reader: Reader, { size, count }: Dataset, sync: boolean): Promise<void> {
  const items = SeededItems.of(size)
  for (const n of [0, count >> 1, count - 1]) {
    const item = sync ? reader.readSync!(reader.key(n)) : await reader.read!(reader.key(n))
    // One that gives views of memory that it uses again gives longer ones than it says.
    if (item.length !== size || !items.get(n).equals(item.subarray(0, size))) throw new Error(`item ${n} was read wrong`)
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
