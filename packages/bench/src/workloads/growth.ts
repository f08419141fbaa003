import { Meter } from '../measure/meter.js'
import { SeededItems, seededNumbers } from '../seeded-items.js'
import { scaled, scaledDataset, type Workload } from '../workload.js'
import { measureReads } from './read-loops.js'

const SIZE = 100
const ADDS = 100_000
const PLACES = 300_000

/** What an add and a read cost in a store that holds so many items already: it should be the same for all. */
function growth(name: string, title: string, count: number): Workload[] {
  const dataset = { size: SIZE, count }
  const both = {
    group: 'growth',
    figure: 'items/s',
    itemBytes: SIZE,
    extent: { of: 'growth', amount: count },
    dataset,
    withoutPeers: true,
  } as const
  return [
    {
      ...both,
      name: `growth-add-${name}`,
      title: `add to ${title} items of 100 B`,
      needs: ['reopen', 'copied', 'addMany'],
      durable: 'end',
      ownCopy: true,
      async measure(contender, { directory, scale }) {
        const items = SeededItems.of(SIZE)
        const meter = new Meter()
        const writer = await contender.create(directory, scaledDataset(dataset, scale).count)
        const total = scaled(ADDS, scale)
        const measurement = await meter.time(async () => {
          for (let n = 0; n < total; n += 1000) await writer.addMany(items.slice(n, Math.min(n + 1000, total)))
          await writer.sync()
          return { items: total, bytes: total * SIZE }
        })
        await writer.close()
        return measurement
      },
    },
    {
      ...both,
      name: `growth-read-${name}`,
      title: `read of ${title} items of 100 B, sync`,
      needs: ['readSync', 'reopen'],
      async measure(contender, { directory, scale }) {
        const filled = scaledDataset(dataset, scale)
        const meter = new Meter()
        const reader = await contender.open(directory, filled)
        const next = seededNumbers(0xcafe)
        const keys = Array.from({ length: scaled(PLACES, scale) }, () => reader.key(next() % filled.count))
        const measurement = await measureReads(meter, { reader, keys, itemBytes: SIZE, inFlight: 0, scale })
        await reader.close()
        return measurement
      },
    },
  ]
}

export const growthWorkloads: readonly Workload[] = [
  ...growth('20k', '20,000', 20_000),
  ...growth('200k', '200,000', 200_000),
  ...growth('2m', '2 million', 2_000_000),
  ...growth('20m', '20 million', 20_000_000),
]
