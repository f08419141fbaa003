import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { SeededItems } from '../seeded-items.js'
import { scaled, type Workload } from '../workload.js'

const SIZE = 1024
const ITEMS = 100
const TRANSACTIONS = 1000

/** One transaction after the other, each on stable storage before the next begins. Its items count, not the transactions. */
export const transactionWorkloads: readonly Workload[] = [
  {
    name: 'transactions',
    title: `${TRANSACTIONS.toLocaleString('en-US')} durable transactions of ${ITEMS} × 1 KiB`,
    group: 'durable writes',
    figure: 'items/s',
    needs: ['commit'],
    itemBytes: SIZE,
    durable: 'each',
    quick: true,
    async measure(contender, { directory, scale }) {
      const items = SeededItems.of(SIZE)
      const latencies = new Latencies()
      const meter = new Meter()
      const writer = await contender.create(directory)
      const total = scaled(TRANSACTIONS, scale) * ITEMS
      const measured = await meter.time(async () => {
        for (let n = 0; n < total; n += ITEMS) {
          const start = performance.now()
          await writer.commit!(items.slice(n, n + ITEMS))
          latencies.since(start)
        }
        return { items: total, bytes: total * SIZE }
      }, latencies)
      await writer.close()
      return measured
    },
  },
]
