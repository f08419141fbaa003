import { Meter, type Uncounted } from '../measure/meter.js'
import { MEASURED_MS, WARM_MS } from '../measure/stretches.js'
import { type Dataset, scaledDataset, type Workload } from '../workload.js'
import { medium, small, tall } from './datasets.js'

/** Reads every item in order, again and again, each time from a store that was opened anew: its files are in the page cache, and what a store keeps in memory itself is not there yet. */
function scan(name: string, title: string, dataset: Dataset): Workload {
  return {
    name: `scan-${name}`,
    title: `scan ${title}`,
    group: 'scan',
    figure: 'items/s',
    needs: ['scan'],
    itemBytes: dataset.size,
    dataset,
    ...(dataset !== tall && { quick: true }),
    async measure(contender, { directory, scale }) {
      const filled = scaledDataset(dataset, scale)
      const meter = new Meter()
      const scanFor = async (least: number, uncounted: Uncounted) => {
        let scanned = { items: 0, bytes: 0 }
        for (const end = performance.now() + least * scale; performance.now() < end || scanned.items === 0; ) {
          const reader = await uncounted(() => contender.open(directory, filled))
          const found = { items: 0, bytes: 0 }
          await reader.scan!((item) => {
            found.items++
            found.bytes += item.length
          })
          await uncounted(() => reader.close())
          if (found.items !== filled.count || found.bytes !== filled.count * filled.size) {
            throw new Error(`a scan gave ${found.items} items of ${filled.count}`)
          }
          scanned = { items: scanned.items + found.items, bytes: scanned.bytes + found.bytes }
        }
        return scanned
      }
      await scanFor(WARM_MS, (part) => part())
      return meter.time((uncounted) => scanFor(MEASURED_MS, uncounted))
    },
  }
}

export const scanWorkloads: readonly Workload[] = [scan('100b', '100 B', small), scan('1k', '1 KiB', medium), scan('16k', '16 KiB', tall)]
