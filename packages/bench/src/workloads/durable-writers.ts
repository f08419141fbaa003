import { Latencies } from '../measure/latencies.js'
import { Meter } from '../measure/meter.js'
import { SeededItems } from '../seeded-items.js'
import type { Workload } from '../workload.js'

const SIZE = 1024
const MS = 1000

/** So many writers, each of which waits until its item is on stable storage before it adds the next, for a second. */
function durableWriters(writers: number): Workload {
  return {
    name: `durable-${writers}`,
    title: `${writers} durable ${writers === 1 ? 'writer' : 'writers'}, 1 KiB`,
    group: 'durable writes',
    figure: 'items/s',
    needs: ['addDurable'],
    itemBytes: SIZE,
    durable: 'each',
    quick: true,
    async measure(contender, { directory, scale }) {
      const items = SeededItems.of(SIZE)
      const latencies = new Latencies()
      const meter = new Meter()
      const writer = await contender.create(directory)
      let written = 0
      const measured = await meter.time(async () => {
        const end = performance.now() + MS * scale
        const write = async () => {
          for (let now = performance.now(); now < end || written < writers; now = performance.now()) {
            await writer.addDurable!(items.get(written++))
            latencies.since(now)
          }
        }
        await Promise.all(Array.from({ length: writers }, write))
        return { items: written, bytes: written * SIZE }
      }, latencies)
      await writer.close()
      return measured
    },
  }
}

export const durableWriterWorkloads: readonly Workload[] = [durableWriters(64), durableWriters(1)]
