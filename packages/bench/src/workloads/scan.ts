import { Meter } from '../measure/meter.js'
import { type Dataset, scaledDataset, type Workload } from '../workload.js'
import { medium, small, tall } from './datasets.js'

/** Reads every item in order, from files that are in the page cache; as at random reads, each contender has done the same before. */
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
      const reader = await contender.open(directory, filled)
      let items = 0
      let bytes = 0
      await reader.scan!(() => {})
      const measurement = await meter.time(async () => {
        await reader.scan!((item) => {
          items++
          bytes += item.length
        })
        return { items, bytes }
      })
      await reader.close()
      if (items !== filled.count || bytes !== filled.count * filled.size) throw new Error(`a scan gave ${items} items of ${filled.count}`)
      return measurement
    },
  }
}

export const scanWorkloads: readonly Workload[] = [scan('100b', '100 B', small), scan('1k', '1 KiB', medium), scan('16k', '16 KiB', tall)]
